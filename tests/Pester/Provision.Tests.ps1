BeforeAll {
    Import-Module "$PSScriptRoot/../../Pantry.psd1" -Force
    $root = Join-Path ([IO.Path]::GetTempPath()) "pantry-pester-$([guid]::NewGuid().ToString('n'))"
    $server = Start-PantryServer -Path $root -PublishPort 0 -ReceivePort 0 -FilePort 0
    $null = 'web1', 'web2' | ForEach-Object { New-PantryEnrollment $_ -Application shop } | Register-PantryClient -Path { Join-Path $root $_.Identity }
    $null = New-PantryEnrollment other1 -Application other | Register-PantryClient -Path { Join-Path $root other1 }
    $null = New-Item -ItemType Directory "$root/motd", "$root/seen"

    function Publish-Motd([string] $Version, [string] $Script) {
        Set-Content "$root/motd/apply.ps1" $Script
        $null = Publish-PantryPackage "$root/motd" -Version $Version -Kind powershell
    }

    function Protect-Text([string] $Text) { [Pantry.Secret]::new((ConvertTo-SecureString $Text -AsPlainText -Force)) }

    Publish-Motd 1.0.0 '[CmdletBinding(SupportsShouldProcess)] param([string] $Path, [string] $Text) if ($PSCmdlet.ShouldProcess($Path)) { Set-Content "$Path/$env:PANTRY_IDENTITY" $Text }'
    $null = New-PantryApplication shop -Document "packages: { motd: '*' }`nparameters: { Path: '$root/seen', Text: hello }"
}

AfterAll {
    Remove-Module Pantry -ErrorAction Ignore
    Remove-Item $root -Recurse -Force -ErrorAction Ignore
}

Describe 'Invoke-PantryProvision' {
    It 'shows what each client would get, and sends nothing' {
        $plans = Get-PantryClient -Application shop | Invoke-PantryProvision -WhatIf
        $plans.Client | Should -Be web1, web2
        $plans[0] | Should -BeOfType Pantry.PantryPlan
        $plans.Digest | Select-Object -Unique | Should -HaveCount 1
        Get-PantryJob | Should -BeNullOrEmpty
    }

    It 'asks the tool what it would do' {
        $rows = Invoke-PantryProvision -Application shop -DryRun
        $rows.Status | Should -Be Succeeded, Succeeded
        $rows.Output.DryRun | Should -Be $true, $true
        Get-ChildItem "$root/seen" | Should -BeNullOrEmpty
    }

    It 'applies the plan on every client, with a report for each package' {
        $rows = Get-PantryClient -Application shop | Invoke-PantryProvision
        $rows.Client | Sort-Object | Should -Be web1, web2
        $rows.Output | Should -BeOfType Pantry.ProvisionReport
        $rows.Output.Plan | Select-Object -Unique | Should -Be (Get-PantryPlan web1).Digest
        Get-Content "$root/seen/web1", "$root/seen/web2" | Should -Be hello, hello
        ($rows | Out-String -Width 200) | Should -Match 'motd 1\.0\.0 Changed'
    }

    It 'gives a client without a plan a row that says why' {
        $rows = Invoke-PantryProvision -All -ErrorVariable why -ErrorAction SilentlyContinue
        ($rows | Where-Object Client -EQ other1).Error.Code | Should -Be NoMatchingApplication
        ($rows | Where-Object Status -EQ Succeeded).Client | Sort-Object | Should -Be web1, web2
        { Invoke-PantryProvision -Client other1 } | Should -Throw -ErrorId 'NoMatchingApplication,*' -ExpectedMessage '*nothing was sent*'
    }

    It 'stops at a canary that fails' {
        Publish-Motd 1.1.0 'param([string] $Path) throw "broken on purpose"'
        $rows = Invoke-PantryProvision -Application shop -Canary 1 -ErrorAction SilentlyContinue
        $rows.Status | Sort-Object | Should -Be Failed, Cancelled
        ($rows | Where-Object Status -EQ Failed).Output.LogTail | Should -Match 'broken on purpose'
    }

    It 'wants the secrets that the plans name, and no others' {
        Publish-Motd 1.2.0 'param([string] $Path, [securestring] $Token) Set-Content "$Path/$env:PANTRY_IDENTITY" ([Net.NetworkCredential]::new("", $Token).Password)'
        $null = Get-PantryApplication shop | Set-PantryApplication -Document "packages: { motd: '*' }`nparameters: { Path: '$root/seen', Token: !secret shop-token }"
        { Invoke-PantryProvision -Application shop } | Should -Throw -ErrorId 'InvalidArgument,*' -ExpectedMessage "*'shop-token' must be given with -Secret*"
        { Invoke-PantryProvision -Application shop -Secret @{ 'shop-token' = Protect-Text x; 'shop-tokn' = Protect-Text y } } | Should -Throw -ExpectedMessage "*Did you mean 'shop-token'?*"
        $rows = Invoke-PantryProvision -Application shop -Secret @{ 'shop-token' = Protect-Text 'very secret 1' }
        Get-Content "$root/seen/web1" | Should -Be 'very secret 1'
        ($rows | ConvertTo-Json -Depth 8) | Should -Not -Match 'very secret'
        $login = [pscredential]::new('me', (ConvertTo-SecureString 'very secret 2' -AsPlainText -Force))
        $null = Invoke-PantryProvision -Client web2 -Secret @{ 'shop-token' = $login }
        Get-Content "$root/seen/web2" | Should -Be 'very secret 2'
    }

    It 'runs in the background' {
        $job = Invoke-PantryProvision -Client web1 -Secret @{ 'shop-token' = Protect-Text x } -AsJob
        $job | Wait-Job -Timeout 60 | Receive-Job | ForEach-Object Status | Should -Be Succeeded
        $job | Remove-Job
    }

    It 'is not sent as a command by name' {
        { Send-PantryCommand -All -Name Provision -Argument @{ Packages = @() } } | Should -Throw -ExpectedMessage '*Invoke-PantryProvision*'
    }
}
