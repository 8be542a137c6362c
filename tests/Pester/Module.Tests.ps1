BeforeAll {
    $manifest = (Resolve-Path "$PSScriptRoot/../../Pantry.psd1").Path
    Import-Module $manifest -Force
}

AfterAll {
    Remove-Module Pantry -ErrorAction Ignore
}

Describe 'The module' {
    It 'has a valid manifest' {
        (Test-ModuleManifest $manifest).Name | Should -Be 'Pantry'
    }

    It 'exports every cmdlet of its assembly, and only cmdlets' {
        $assembly = [Pantry.ClientInfo].Assembly.Location | Split-Path | Join-Path -ChildPath Pantry.PowerShell.dll
        $made = [AppDomain]::CurrentDomain.GetAssemblies().Where({ $_.Location -eq $assembly }).ExportedTypes |
            Where-Object { $_.IsSubclassOf([System.Management.Automation.Cmdlet]) -and -not $_.IsAbstract }
        (Get-Command -Module Pantry).Count | Should -Be @($made).Count
        Get-Command -Module Pantry | ForEach-Object CommandType | Sort-Object -Unique | Should -Be 'Cmdlet'
    }

    It 'uses approved verbs and the noun prefix Pantry' {
        $verbs = (Get-Verb).Verb
        foreach ($command in Get-Command -Module Pantry) {
            $command.Verb | Should -BeIn $verbs
            $command.Noun | Should -BeLike 'Pantry*'
        }
    }

    It 'says what <_> emits' -ForEach 'Start-PantryServer', 'Get-PantryServer', 'New-PantryEnrollment', 'Register-PantryClient', 'Get-PantryClient', 'Send-PantryCommand', 'Test-PantryClient', 'Connect-PantryServer',
        'New-PantryEnrollmentToken', 'Approve-PantryClient', 'Deny-PantryClient', 'Revoke-PantryClient', 'Remove-PantryClient', 'New-PantryOperator', 'Get-PantryOperator',
        'New-PantryRootKey', 'Export-PantryRootKey', 'Import-PantryRootKey', 'Get-PantryAuditLog', 'Test-PantryAuditLog', 'Get-PantryEnrollment', 'Revoke-PantryEnrollment',
        'Get-PantryJob', 'Wait-PantryJob', 'Receive-PantryJob', 'Stop-PantryJob', 'Suspend-PantryJob', 'Resume-PantryJob', 'Get-PantryQueue', 'Remove-PantryQueue', 'Group-PantryResult', 'Watch-PantryEvent', 'Send-PantryFile', 'Receive-PantryFile', 'Test-PantryConfiguration' {
        (Get-Command $_).OutputType.Count | Should -BeGreaterThan 0
    }

    It 'asks before <_>' -ForEach 'Start-PantryServer', 'Stop-PantryServer', 'Register-PantryClient', 'Unregister-PantryClient', 'Send-PantryCommand', 'Send-PantryFile', 'Receive-PantryFile', 'New-PantryEnrollment', 'Register-PantryCommand',
        'New-PantryEnrollmentToken', 'Approve-PantryClient', 'Deny-PantryClient', 'Revoke-PantryClient', 'Remove-PantryClient', 'New-PantryOperator', 'Revoke-PantryOperator',
        'New-PantryRootKey', 'Export-PantryRootKey', 'Import-PantryRootKey', 'Revoke-PantryEnrollment',
        'Stop-PantryJob', 'Suspend-PantryJob', 'Resume-PantryJob', 'Remove-PantryQueue' {
        (Get-Command $_).Parameters.Keys | Should -Contain 'WhatIf'
        (Get-Command $_).Parameters.Keys | Should -Contain 'Confirm'
    }

    It 'has a view for <_>' -ForEach 'PantryServer', 'PantrySession', 'Enrollment', 'ClientRegistration', 'ClientInfo', 'ClientFacts', 'CommandResult', 'PingResult',
        'EnrollmentToken', 'EnrollmentInfo', 'OperatorInfo', 'RootKeyInfo', 'AuditEntry', 'AuditLogCheck', 'JobInfo', 'QueuedOrder', 'ResultGroup', 'PantryEvent' {
        $views = (Get-FormatData "Pantry.$_").FormatViewDefinition.Control | ForEach-Object { $_.GetType().Name }
        $views | Should -Contain 'TableControl'
        $views | Should -Contain 'ListControl'
    }

    It 'lists the one resource of a report that was changed' {
        $report = [Pantry.ProvisionReport]@{ Client = 'web1'; Package = 'motd'; Version = '1.0.0'; Resources = [Pantry.ProvisionResource[]]@(
                [Pantry.ProvisionResource]::new('File', '/etc/motd', 'Changed', $null, $null), [Pantry.ProvisionResource]::new('File', '/etc/issue', 'Unchanged', $null, $null)) }
        $list = $report | Format-List | Out-String -Width 120
        $list | Should -Match 'Resources +: .*File\[/etc/motd\]'
        $list | Should -Not -Match 'issue'
    }

    It 'shows enrolments with the name first and the id last, in 80 columns' {
        $listed = [Pantry.EnrollmentInfo]@{ Id = 'f' * 32; Kind = 'Enrollment'; Identity = 'web1'; Application = 'shop'; Environment = 'live'; Roles = [string[]]'web'
            Status = 'Open'; CreatedBy = 'local'; CreatedAt = [DateTimeOffset]::Now; ExpiresAt = [DateTimeOffset]::Now }
        $table = $listed | Format-Table | Out-String -Width 80
        $table | Should -Match 'Identity +Kind +Labels +Status +ExpiresAt +Id'
        $table | Should -Match 'web1 +Enrollment +shop live web +Open +\S+ \S+ f'
        $table -split '\r?\n' | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 80 }
    }

    It 'keeps third-party assemblies out of the default load context' {
        [System.Runtime.Loader.AssemblyLoadContext]::Default.Assemblies.ForEach({ $_.GetName().Name }) |
            Where-Object { $_ -in 'NetMQ', 'YamlDotNet', 'AsyncIO', 'NaCl', 'Microsoft.Data.Sqlite', 'Pantry.Core' } | Should -BeNullOrEmpty
    }
}
