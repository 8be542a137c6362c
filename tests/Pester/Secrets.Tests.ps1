BeforeAll {
    Import-Module "$PSScriptRoot/../../Pantry.psd1" -Force
    $root = Join-Path ([IO.Path]::GetTempPath()) "pantry-pester-$([guid]::NewGuid().ToString('n'))"
    $server = Start-PantryServer -Path $root -PublishPort 0 -ReceivePort 0 -FilePort 0
    $null = New-PantryEnrollment one -Application shop | Register-PantryClient -Path "$root/clients/one"
    $canary = 'canary-7Zq4vT-Wx9'
    $secure = ConvertTo-SecureString $canary -AsPlainText -Force
    $credential = [pscredential]::new('somebody', $secure)
}

AfterAll {
    Remove-Module Pantry -ErrorAction Ignore
    Remove-Item $root -Recurse -ErrorAction Ignore
}

Describe 'Send-PantryCommand -Secret' {
    It 'gives a script what it was given' {
        $row = Send-PantryCommand -All -Secret @{ Key = $secure; Db = $credential } -ArgumentList $credential -ScriptBlock {
            (ConvertFrom-SecureString $Key -AsPlainText).Length, $Db.UserName, $args[0].GetNetworkCredential().Password.Length, ($using:secure).GetType().Name
        }
        $row.Output | Should -Be $canary.Length, somebody, $canary.Length, SecureString
    }

    It 'gives a shell command variables' -Skip:$IsWindows {
        (Send-PantryCommand -All -ShellCommand 'printenv DB_USERNAME; printenv DB_PASSWORD | wc -c; printenv DB_PASSWORD' -Secret @{ DB = $credential }).Output |
            ForEach-Object Trim | Should -Be somebody, ($canary.Length + 1), '********'
    }

    It 'takes no text, and says what it takes' {
        { Send-PantryCommand -All -ShellCommand 'exit 0' -Secret @{ Key = 'text' } -ErrorAction Stop } | Should -Throw '*Read-Host -AsSecureString*'
    }

    It 'shows no value in a list, a job, an error or -WhatIf' {
        $shown = & {
            Send-PantryCommand -All -ShellCommand 'exit 3' -Secret @{ Key = $secure; Db = $credential } -Verbose
            Send-PantryCommand -All -ScriptBlock { throw "length $($Key.Length)" } -Secret @{ Key = $secure } -ArgumentList $credential -Verbose
            Send-PantryCommand -All -ScriptBlock { Get-Item $args[0] } -ArgumentList $secure
            $job = Send-PantryCommand -All -ShellCommand 'exit 3' -Secret @{ Key = $secure } -AsJob
            $job | Wait-Job -Timeout 30
            $job | Receive-Job
            $job.ChildJobs
        } *>&1
        $told = & ([Environment]::ProcessPath) -NoProfile -Command "
            Import-Module '$PSScriptRoot/../../Pantry.psd1'
            `$null = Start-PantryServer -Path '$root/other' -PublishPort 0 -ReceivePort 0 -FilePort 0
            `$null = New-PantryEnrollment one -Application shop | Register-PantryClient -Path '$root/clients/other'
            Send-PantryCommand -All -ShellCommand hostname -Secret @{ Key = ConvertTo-SecureString $canary -AsPlainText -Force } -WhatIf"
        $all = ($shown + $told + $Error | ForEach-Object { "$_"; $_ | Format-List * -Force | Out-String -Width 4096 }) -join "`n"

        $all | Should -BeLike '*NonZeroExitCode*'
        $all | Should -BeLike '*with the secrets Key*'
        # The lines of the script that made it are the tests' own.
        $all -split "`n" | Where-Object { $_ -like "*$canary*" -and $_ -notlike '*ConvertTo-SecureString*' } | Should -BeNullOrEmpty
    }
}
