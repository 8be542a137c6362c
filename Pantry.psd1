@{
    RootModule = 'Pantry.psm1'
    ModuleVersion = '0.1.0'
    GUID = '6b1b6a55-6f1c-4f0e-9d0b-2a3d8c5e7f41'
    Author = 'The Pantry authors'
    CompanyName = 'Pantry'
    Copyright = 'Copyright (c) the Pantry authors. MIT License.'
    Description = 'Gives orders to many machines at once and brings back one result for each.'
    PowerShellVersion = '7.6'
    CompatiblePSEditions = @('Core')
    NestedModules = @('bin/Pantry.PowerShell.dll')
    TypesToProcess = @('Pantry.Types.ps1xml')
    FormatsToProcess = @('Pantry.Format.ps1xml')
    CmdletsToExport = @(
        'Approve-PantryClient'
        'Compare-PantryApplication'
        'Connect-PantryServer'
        'Deny-PantryClient'
        'Disconnect-PantryServer'
        'Edit-PantryApplication'
        'Export-PantryRootKey'
        'Get-PantryApplication'
        'Get-PantryAuditLog'
        'Get-PantryClient'
        'Get-PantryEnrollment'
        'Get-PantryJob'
        'Get-PantryOperator'
        'Get-PantryPackage'
        'Get-PantryPlan'
        'Get-PantryProvisionReport'
        'Get-PantryQueue'
        'Get-PantryServer'
        'Group-PantryResult'
        'Import-PantryRootKey'
        'Invoke-PantryProvision'
        'New-PantryApplication'
        'New-PantryEnrollment'
        'New-PantryEnrollmentToken'
        'New-PantryOperator'
        'New-PantryRootKey'
        'New-PantryStep'
        'Publish-PantryPackage'
        'Receive-PantryFile'
        'Receive-PantryJob'
        'Register-PantryClient'
        'Register-PantryCommand'
        'Remove-PantryApplication'
        'Remove-PantryClient'
        'Remove-PantryPackage'
        'Remove-PantryQueue'
        'Restore-PantryApplication'
        'Resume-PantryJob'
        'Revoke-PantryClient'
        'Revoke-PantryEnrollment'
        'Revoke-PantryOperator'
        'Save-PantryPackage'
        'Send-PantryCommand'
        'Send-PantryFile'
        'Set-PantryApplication'
        'Start-PantryServer'
        'Stop-PantryJob'
        'Stop-PantryServer'
        'Suspend-PantryJob'
        'Test-PantryAuditLog'
        'Test-PantryClient'
        'Test-PantryConfiguration'
        'Test-PantryPackageStore'
        'Unregister-PantryClient'
        'Wait-PantryJob'
        'Watch-PantryEvent'
    )
    FunctionsToExport = @()
    AliasesToExport = @()
    VariablesToExport = @()
    PrivateData = @{
        PSData = @{
            Tags = @('ServerManagement', 'Provisioning', 'Orchestration', 'ZeroMQ', 'Linux', 'Windows')
        }
    }
}
