#Requires -Version 7.6
<#
.SYNOPSIS
Makes a Windows scheduled task that runs pantry-job.ps1 each night.
.DESCRIPTION
The task runs whether anybody is logged on or not, as the account that is given; a group managed service account needs no password. The operator's file must be
that account's alone. The webhook is the account's own variable PANTRY_WEBHOOK.
.EXAMPLE
./Register-NightlyTask.ps1 -Account 'EXAMPLE\pantry-night$' -OperatorFile C:\ProgramData\Pantry\night.operator -Stream shop.production -ShellCommand 'hostname'
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)] [string] $Account,
    [Parameter(Mandatory)] [string] $OperatorFile,
    [Parameter(Mandatory)] [string] $Stream,
    [Parameter(Mandatory)] [string] $ShellCommand,
    [string] $TaskName = 'Pantry night',
    [string] $LogFile = "$env:ProgramData\Pantry\night.log",
    [datetime] $At = '02:30'
)

$ErrorActionPreference = 'Stop'
foreach ($value in $OperatorFile, $Stream, $ShellCommand, $LogFile) {
    if ($value.Contains('"')) { throw "The value '$value' has a quotation mark, which a task's command line cannot carry safely. Put the command into a script on the clients." }
}

$script = Join-Path $PSScriptRoot pantry-job.ps1
$line = '-NoProfile -NonInteractive -File "{0}" -OperatorFile "{1}" -Stream "{2}" -ShellCommand "{3}" -LogFile "{4}"' -f $script, $OperatorFile, $Stream, $ShellCommand, $LogFile
$task = @{
    TaskName  = $TaskName
    Action    = New-ScheduledTaskAction -Execute (Join-Path $PSHOME pwsh.exe) -Argument $line
    Trigger   = New-ScheduledTaskTrigger -Daily -At $At -RandomDelay (New-TimeSpan -Minutes 10)
    # An account of a service group has no password that anybody knows.
    Principal = New-ScheduledTaskPrincipal -UserId $Account -LogonType Password -RunLevel Limited
    Settings  = New-ScheduledTaskSettingsSet -StartWhenAvailable -MultipleInstances IgnoreNew -ExecutionTimeLimit (New-TimeSpan -Hours 1)
}
if ($PSCmdlet.ShouldProcess($TaskName, 'Register the scheduled task')) { Register-ScheduledTask @task -Force }
