namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>Scripts that Pantry runs in a PowerShell child. They work in Windows PowerShell 5.1 too.</summary>
internal static class PowerShellSource
{
    // Takes the marks off that PowerShellRequest has put before each text. Maps are hashtables where those are asked for.
    private const string ReadRequest = """
        $ErrorActionPreference = 'Stop'
        function Read-Value($value, [bool] $open, [bool] $tables) {
            if ($value -is [string]) {
                $text = $value.Substring(1)
                if ($open -or $value[0] -ne '!') { return $text }
                $secret = [Security.SecureString]::new()
                foreach ($character in $text.ToCharArray()) { $secret.AppendChar($character) }
                return $secret
            }
            if ($value -is [array]) { return , @(foreach ($item in $value) { Read-Value $item $open $tables }) }
            if ($value -is [Management.Automation.PSCustomObject]) {
                $map = if ($tables) { @{} } else { [ordered]@{} }
                foreach ($property in $value.PSObject.Properties) { $map[$property.Name] = Read-Value $property.Value $open $tables }
                if ($tables) { return $map }
                return [pscustomobject] $map
            }
            return $value
        }
        $request = [Console]::In.ReadLine() | ConvertFrom-Json

        """;

    /// <summary>Runs a package's script with those parameters and secrets that it has a parameter for. Exit code 64: it has no -WhatIf.</summary>
    public const string Run = ReadRequest + """
        $script = Read-Value $request.script $true
        $command = Get-Command -Name $script
        $arguments = @{}
        foreach ($given in $request.parameters.PSObject.Properties) {
            if (-not $command.Parameters.ContainsKey($given.Name)) { continue }
            $type = $command.Parameters[$given.Name].ParameterType
            $arguments[$given.Name] = Read-Value $given.Value ($type -eq [string] -or $type -eq [string[]]) ([Collections.IDictionary].IsAssignableFrom($type))
        }
        if ($request.dryRun) {
            if (-not $command.Parameters.ContainsKey('WhatIf')) { exit 64 }
            $arguments['WhatIf'] = $true
        }
        $global:LASTEXITCODE = 0
        & $script @arguments
        exit $LASTEXITCODE
        """;

    /// <summary>
    /// Tests and sets resources with PSDesiredStateConfiguration, and writes what dsc would write: for each resource its name, type, whether it was as it should be,
    /// and for one that was not, whether it is now.
    /// </summary>
    public const string Dsc = ReadRequest + """
        $request = Read-Value $request $true
        Import-Module PSDesiredStateConfiguration
        $values = @{ operator = $request.parameters; default = $request.defaults }
        $results = @(); $messages = @(); $failed = $false
        # As in dsc, a text in brackets is an expression and two brackets are one; what an operator gave as a value is none.
        function ConvertTo-Property($value, [string] $from) {
            if ($value -is [string] -and $from -ne 'operator') {
                if ($value.StartsWith('[[')) { return $value.Substring(1) }
                if ($from -eq 'document' -and $value -match "^\[parameters\('([^']+)'\)\]$") {
                    foreach ($source in 'operator', 'default') {
                        if ($given = $values[$source].PSObject.Properties[$Matches[1]]) { return ConvertTo-Property $given.Value $source }
                    }
                    throw "The parameter '$($Matches[1])' has no value."
                }
                if ($value -match '(?s)^\[.*\]$') { throw "'$value' is an expression that is for dsc alone. Install DSC v3, or write the value." }
            }
            if ($value -is [Management.Automation.PSCustomObject]) {
                $table = @{}
                foreach ($property in $value.PSObject.Properties) { $table[$property.Name] = ConvertTo-Property $property.Value $from }
                return $table
            }
            if ($value -is [array]) { return , @(foreach ($item in $value) { ConvertTo-Property $item $from }) }
            return $value
        }
        foreach ($resource in $request.resources) {
            try {
                $module, $name = $resource.type -split '/', 2
                $what = @{ Name = $name; ModuleName = $module; Property = ConvertTo-Property $resource.properties 'document' }
                $inState = [bool](Invoke-DscResource @what -Method Test).InDesiredState
                if (-not $inState -and -not $request.dryRun) { $null = Invoke-DscResource @what -Method Set }
                $results += @{ name = $resource.name; type = $resource.type; result = @{ inDesiredState = $inState; differingProperties = @() } }
            } catch {
                $failed = $true
                $messages += @{ name = $resource.name; type = $resource.type; level = 'error'; message = [string]$_ }
                break
            }
        }
        [Console]::Out.WriteLine((@{ results = $results; messages = $messages; hadErrors = $failed } | ConvertTo-Json -Depth 8 -Compress))
        exit [int]$failed
        """;
}
