# The engine calls this block on Remove-Module and on Import-Module -Force; it has no such call into an assembly.
$ExecutionContext.SessionState.Module.OnRemove = { [Pantry.PowerShell.State.ModuleLifetime]::End() }
