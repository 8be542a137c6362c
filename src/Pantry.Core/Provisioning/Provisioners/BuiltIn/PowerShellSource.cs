namespace Pantry.Provisioning.Provisioners.BuiltIn;

/// <summary>Scripts that Pantry runs in a PowerShell child. They work in Windows PowerShell 5.1 too.</summary>
internal static class PowerShellSource
{
    /// <summary>Runs a package's script with those parameters and secrets that it has a parameter for. Exit code 64: it has no -WhatIf.</summary>
    public const string Run = """
        $ErrorActionPreference = 'Stop'
        $request = [Console]::In.ReadLine() | ConvertFrom-Json
        $command = Get-Command -Name $request.script
        $arguments = @{}
        foreach ($given in $request.parameters.PSObject.Properties) {
            if ($command.Parameters.ContainsKey($given.Name)) { $arguments[$given.Name] = $given.Value }
        }
        foreach ($given in $request.secrets.PSObject.Properties) {
            if (-not $command.Parameters.ContainsKey($given.Name)) { continue }
            $secret = [Security.SecureString]::new()
            foreach ($character in $given.Value.ToCharArray()) { $secret.AppendChar($character) }
            if ($command.Parameters[$given.Name].ParameterType -eq [string]) { $arguments[$given.Name] = $given.Value }
            else { $arguments[$given.Name] = $secret }
        }
        if ($request.dryRun) {
            if (-not $command.Parameters.ContainsKey('WhatIf')) { exit 64 }
            $arguments['WhatIf'] = $true
        }
        $global:LASTEXITCODE = 0
        & $request.script @arguments
        exit $LASTEXITCODE
        """;

    /// <summary>
    /// Tests and sets resources with PSDesiredStateConfiguration, and writes what dsc would write: for each resource its name, type, whether it was as it should be,
    /// and for one that was not, whether it is now.
    /// </summary>
    public const string Dsc = """
        $ErrorActionPreference = 'Stop'
        Import-Module PSDesiredStateConfiguration
        $request = [Console]::In.ReadLine() | ConvertFrom-Json
        $results = @(); $messages = @(); $failed = $false
        function ConvertTo-Property($value) {
            if ($value -is [string] -and $value -match "^\[parameters\('([^']+)'\)\]$") { return ConvertTo-Property $request.parameters.($Matches[1]) }
            if ($value -is [Management.Automation.PSCustomObject]) {
                $table = @{}
                foreach ($property in $value.PSObject.Properties) { $table[$property.Name] = ConvertTo-Property $property.Value }
                return $table
            }
            if ($value -is [array]) { return , @($value | ForEach-Object { ConvertTo-Property $_ }) }
            return $value
        }
        foreach ($resource in $request.resources) {
            $module, $name = $resource.type -split '/', 2
            $what = @{ Name = $name; ModuleName = $module; Property = ConvertTo-Property $resource.properties }
            try {
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
