# One server and four clients in this process: what giving orders with Pantry looks like. At the prompt no
# Out-Default is needed; in a script it gives every kind of object its own table.
#   pwsh -File examples/quickstart.ps1
#   dotnet run --project examples/Quickstart        (where no PowerShell is installed)
Import-Module ([IO.Path]::Combine($PSScriptRoot, '..', 'Pantry.psd1'))

$root = [IO.Directory]::CreateTempSubdirectory('pantry-quickstart-').FullName
try {
    '# A server on free ports'
    $server = Start-PantryServer -Path $root -PublishPort 0 -ReceivePort 0 -FilePort 0
    $server | Out-Default

    '# Four clients: each gets an enrolment from the server and registers with it'
    $clients = @(
        New-PantryEnrollment -Identity shop.web1 -Application shop -Environment live -Role web
        New-PantryEnrollment -Identity shop.web2 -Application shop -Environment live -Role web
        New-PantryEnrollment -Identity shop.db1  -Application shop -Environment test -Role db, backup
        New-PantryEnrollment -Identity mail.mx1  -Application mail -Environment live -Role mx
    ) | Register-PantryClient
    Get-PantryClient | Out-Default

    '# By name: a shell command'
    Send-PantryCommand -Client shop.web1 -ShellCommand 'hostname' | Out-Default

    '# By stream: everything of the application shop, and only that'
    Send-PantryCommand -Stream shop -ShellCommand 'echo "the shop is open"' | Out-Default

    '# By role: a script that returns objects'
    $minimum = 1
    $result = Send-PantryCommand -Role web {
        [pscustomobject]@{
            Machine     = [Environment]::MachineName
            Processors  = [Environment]::ProcessorCount
            Enough      = [Environment]::ProcessorCount -ge $using:minimum
            FreeDiskGB  = [Math]::Round([IO.DriveInfo]::new([IO.Path]::GetPathRoot([Environment]::CurrentDirectory)).AvailableFreeSpace / 1GB, 1)
        }
    }
    $result | Out-Default
    $result.Output | Out-Default

    '# By pipeline: the clients with a processor or more, as one order'
    $before = $server.Statistics.OrdersPublished
    Get-PantryClient -Application shop |
        Where-Object { $_.Facts.ProcessorCount -ge 1 } |
        Send-PantryCommand -ShellCommand 'hostname' | Out-Default
    "  orders published for it: $($server.Statistics.OrdersPublished - $before)"

    '# One command fails on a client, one client does not exist: each has its row, and an error'
    Send-PantryCommand -Client shop.web1 -ShellCommand 'exit 3' | Out-Default
    $result = Send-PantryCommand -Client shop.web1, shop.web9 -Name Ping -ErrorAction SilentlyContinue -ErrorVariable problem
    $result | Out-Default
    "  errors: $($problem.Count)"

    '# Who answers, and how fast'
    Test-PantryClient -All | Out-Default
}
finally {
    '# Cleaning up'
    if ($clients) { $clients | Unregister-PantryClient }
    if ($server) { $server | Stop-PantryServer }
    [IO.Directory]::Delete($root, $true)
}
