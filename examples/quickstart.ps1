# One server and five clients in this process: what letting clients in and giving orders with Pantry looks like. At the
# prompt no Out-Default is needed; in a script it gives every kind of object its own table.
#   pwsh -File examples/quickstart.ps1
#   dotnet run --project examples/Quickstart        (where no PowerShell is installed)
Import-Module ([IO.Path]::Combine($PSScriptRoot, '..', 'Pantry.psd1'))

$root = [IO.Directory]::CreateTempSubdirectory('pantry-quickstart-').FullName
try {
    '# A server on free ports, with keys of its own'
    $server = Start-PantryServer -Path $root/server -PublishPort 0 -ReceivePort 0 -FilePort 0
    $server | Out-Default

    '# Three clients by enrolments: each says who the client is, and has a key that lets it in once'
    $clients = @(
        New-PantryEnrollment -Identity shop.web1 -Application shop -Environment live -Role web
        New-PantryEnrollment -Identity shop.db1  -Application shop -Environment test -Role db, backup
        New-PantryEnrollment -Identity mail.mx1  -Application mail -Environment live -Role mx
    ) | Register-PantryClient -Path { "$root/$($_.Identity)" }

    '# One by a one-time token for its name, and one that nobody announced: its key waits'
    $at = @{ Server = "127.0.0.1:$($server.ReceivePort)"; PublishPort = $server.PublishPort; ServerPublicKey = $server.PublicKey }
    $token = New-PantryEnrollmentToken 'shop.web*' -Application shop -Environment live -Role web
    $clients += Register-PantryClient @at -Token $token.Token -Identity shop.web2 -Path $root/shop.web2
    $clients += Register-PantryClient @at -Identity shop.web3 -Application shop -Environment live -Role web -Path $root/shop.web3
    Get-PantryClient | Out-Default

    '# Whoever has compared the fingerprint approves it'
    $null = Approve-PantryClient -Fingerprint $clients[-1].Fingerprint
    while ($clients[-1].Status -ne 'Approved') { $null = [Threading.Tasks.Task]::Delay(20).Wait(20) }

    '# By stream: everything of the application shop, and only that'
    Send-PantryCommand -Stream shop -ShellCommand 'echo "the shop is open"' | Out-Default

    '# By role: a script that returns objects'
    $minimum = 1
    $result = Send-PantryCommand -Role web {
        [pscustomobject]@{
            Machine    = [Environment]::MachineName
            Processors = [Environment]::ProcessorCount
            Enough     = [Environment]::ProcessorCount -ge $using:minimum
        }
    }
    $result.Output | Out-Default

    '# By pipeline: the clients with a processor or more, as one order'
    $before = $server.Statistics.OrdersPublished
    $result = Get-PantryClient -Application shop | Where-Object { $_.Facts.ProcessorCount -ge 1 } | Send-PantryCommand -ShellCommand 'hostname'
    "  results: $($result.Count), orders published for it: $($server.Statistics.OrdersPublished - $before)"

    '# One command fails on a client, one client does not exist: each has its row, and an error'
    Send-PantryCommand -Client shop.web1 -ShellCommand 'exit 3' | Out-Default
    $result = Send-PantryCommand -Client shop.web1, shop.web9 -Name Ping -ErrorAction SilentlyContinue -ErrorVariable problem
    $result | Out-Default
    "  errors: $($problem.Count)"

    '# An operator who may run shell commands in the shop, and nothing else anywhere'
    New-PantryOperator deploy -Scope 'shop:Shell' -OutFile $root/deploy.operator | Out-Default
    $session = Connect-PantryServer -OperatorFile $root/deploy.operator
    Send-PantryCommand -Stream shop.live -ShellCommand 'echo deployed' | Out-Default
    try { Send-PantryCommand -Stream mail -ShellCommand 'echo deployed' } catch { "  refused: $_" }
    Disconnect-PantryServer

    '# All of it is in an audit log whose records hang together'
    Get-PantryAuditLog -Newest 8 | Out-Default
    Test-PantryAuditLog | Out-Default
}
finally {
    '# Cleaning up'
    if ($session) { $session | Disconnect-PantryServer }
    if ($clients) { $clients | Unregister-PantryClient }
    if ($server) { $server | Stop-PantryServer }
    [IO.Directory]::Delete($root, $true)
}
