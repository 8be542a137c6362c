<#
.SYNOPSIS
Gives one order with nobody there, and tells of a failure.
.DESCRIPTION
Nothing is asked. Ends with 0 when every target succeeded, with 1 when one did not, with 3 when the order could not be given. Rows go to standard output
as JSON, one a line, and into -LogFile. A failure is posted to the address in the variable PANTRY_WEBHOOK, where it is set: an address can be a secret, so it is
no parameter.
.EXAMPLE
pwsh -NoProfile -NonInteractive -File pantry-job.ps1 -OperatorFile /etc/pantry/night.operator -Stream shop.production -ShellCommand 'apt-get -y upgrade'
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $OperatorFile,
    [Parameter(Mandatory)] [string] $Stream,
    [Parameter(Mandatory)] [string] $ShellCommand,
    [double] $Timeout = 300,
    [string] $LogFile
)

$ErrorActionPreference = 'Stop'
$ConfirmPreference = 'None'

function Send-Failure([string] $Text, [int] $Code, [object[]] $Rows) {
    if (-not $env:PANTRY_WEBHOOK) { return }
    $body = @{ text = $Text; exitCode = $Code; rows = @($Rows | Where-Object { $_ }) } | ConvertTo-Json -Depth 4
    try {
        $null = Invoke-RestMethod -Uri $env:PANTRY_WEBHOOK -Method Post -ContentType 'application/json' -Body $body -TimeoutSec 20 -MaximumRetryCount 3 -RetryIntervalSec 2
    }
    catch { [Console]::Error.WriteLine("pantry-job: the webhook was not reached: $($_.Exception.Message)") }
}

try {
    Import-Module Pantry
    $null = Connect-PantryServer -OperatorFile $OperatorFile
    # A target that fails is a row; the error that says so too is no reason to stop.
    $rows = @(Send-PantryCommand -Stream $Stream -ShellCommand $ShellCommand -Timeout $Timeout -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable problems |
        Select-Object Client, JobId, @{ n = 'Status'; e = { "$($_.Status)" } }, ExitCode, StandardOutput, StandardError, StartedAt)
    if (-not $rows) { throw ($problems | Select-Object -First 1 | ForEach-Object { "$_" }) }
    Disconnect-PantryServer
}
catch {
    [Console]::Error.WriteLine("pantry-job: $($_.Exception.Message)")
    Send-Failure "pantry: an order to $Stream was not given: $($_.Exception.Message)" 3
    exit 3
}

$lines = $rows | ForEach-Object { $_ | ConvertTo-Json -Compress }
$lines
if ($LogFile) { $lines | Add-Content -Path $LogFile -Encoding utf8 }
$failed = @($rows | Where-Object Status -ne 'Succeeded')
if ($failed) {
    Send-Failure "pantry: an order to $Stream failed on $($failed.Count) of $($rows.Count) clients" 1 $failed
    exit 1
}
exit 0
