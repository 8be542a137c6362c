BeforeAll {
    Import-Module "$PSScriptRoot/../../Pantry.psd1" -Force
    $root = Join-Path ([IO.Path]::GetTempPath()) "pantry-pester-$([guid]::NewGuid().ToString('n'))"
    $server = Start-PantryServer -Path $root -PublishPort 0 -ReceivePort 0 -FilePort 0
    $null = 'web1', 'web2' | ForEach-Object { New-PantryEnrollment $_ -Application shop } | Register-PantryClient -Path { Join-Path $root $_.Identity }
    $source = New-Item -ItemType Directory (Join-Path $root source/sub)
    Set-Content (Join-Path $root source/a.txt) 'one' -NoNewline
    Set-Content (Join-Path $root source/b.log) 'two' -NoNewline
    Set-Content -LiteralPath (Join-Path $root 'source/sub/c[1].txt') 'three' -NoNewline

    function Get-RelativeFile([string] $Folder) {
        Get-ChildItem $Folder -Recurse -File -Force | ForEach-Object { [IO.Path]::GetRelativePath($Folder, $_.FullName).Replace('\', '/') } | Sort-Object
    }
}

AfterAll {
    Remove-Module Pantry -ErrorAction Ignore
    Remove-Item $root -Recurse -Force -ErrorAction Ignore
}

Describe 'Send-PantryFile' {
    It 'sends a directory without what is excluded, and says what came of it for each target' {
        # Both clients are on this machine, so they take turns with the one destination.
        $results = Get-PantryClient | Send-PantryFile "$root/source" -Exclude *.log -Destination "$root/sent" -BatchSize 1
        $results.Client | Sort-Object | Should -Be web1, web2
        $results.Status | Should -Be Succeeded, Succeeded
        ($results.Output.Written | Sort-Object) | Should -Be 0, 2
        Get-RelativeFile "$root/sent" | Should -Be source/a.txt, 'source/sub/c[1].txt'
    }

    It 'takes a literal path as it stands, from where the session is' {
        Push-Location "$root/source"
        try { $null = Send-PantryFile -LiteralPath 'sub/c[1].txt' -Destination "$root/literal" -Client web1 } finally { Pop-Location }
        Get-RelativeFile "$root/literal" | Should -Be 'c[1].txt'
    }

    It 'keeps modes' -Skip:(-not $IsLinux) {
        chmod 750 "$root/source/a.txt"
        $null = Send-PantryFile "$root/source/a.txt" -Destination "$root/modes" -Client web1
        (Get-Item "$root/modes/a.txt").UnixMode | Should -Be '-rwxr-x---'
    }

    It 'keeps what is hidden, and access lists where that is wanted' -Skip:(-not $IsWindows) {
        $null = New-Item -ItemType Directory "$root/traits"
        Set-Content "$root/traits/hidden.txt" 'hidden' -NoNewline
        Set-Content "$root/traits/closed.txt" 'closed' -NoNewline
        (Get-Item "$root/traits/hidden.txt").Attributes = 'Hidden, System'
        $acl = Get-Acl "$root/traits/closed.txt"
        $acl.SetAccessRuleProtection($true, $true)
        $acl.AddAccessRule([Security.AccessControl.FileSystemAccessRule]::new([Security.Principal.SecurityIdentifier]::new('S-1-5-21-1-2-3-1000'), 'Read', 'Allow'))
        Set-Acl "$root/traits/closed.txt" $acl
        $null = Send-PantryFile "$root/traits" -Destination "$root/without" -Client web1
        $null = Send-PantryFile "$root/traits" -Destination "$root/with" -Client web1 -KeepAcl
        (Get-Item "$root/with/traits/hidden.txt" -Force).Attributes.ToString() | Should -BeLike '*Hidden*System*'
        (Get-Acl "$root/with/traits/closed.txt").Sddl | Should -BeLike '*D:P*S-1-5-21-1-2-3-1000*'
        (Get-Acl "$root/without/traits/closed.txt").Sddl | Should -Not -BeLike '*S-1-5-21-1-2-3-1000*'
        $null = Receive-PantryFile "$root/with/traits" -Destination "$root/back" -Client web1 -KeepAcl
        (Get-Acl "$root/back/web1/traits/closed.txt").Sddl | Should -BeLike '*D:P*S-1-5-21-1-2-3-1000*'
    }

    It 'says what would happen and contacts nobody' {
        Send-PantryFile "$root/source" -Destination "$root/none" -All -WhatIf | Should -BeNullOrEmpty
        "$root/none" | Should -Not -Exist
    }

    It 'refuses a link and names it' -Skip:(-not $IsLinux) {
        $null = New-Item -ItemType SymbolicLink "$root/source/passwd" -Target /etc/passwd
        try { { Send-PantryFile "$root/source" -Destination "$root/none" -Client web1 } | Should -Throw -ErrorId 'InsecureFile,*' -ExpectedMessage '*source/passwd*' }
        finally { Remove-Item "$root/source/passwd" }
    }

    It 'runs in the background' {
        $job = Send-PantryFile "$root/source" -Destination "$root/later" -Client web1 -AsJob
        $job | Wait-Job -Timeout 30 | Receive-Job | ForEach-Object Status | Should -Be Succeeded
        $job | Remove-Job
    }
}

Describe 'Receive-PantryFile' {
    It 'fetches files of each client into a directory of its name' {
        $results = Receive-PantryFile "$root/source/*.txt" -Destination "$root/received" -Stream shop
        $results.Output.Path | Sort-Object | Should -Be "$root/received/web1", "$root/received/web2"
        Get-RelativeFile "$root/received" | Should -Be web1/a.txt, web2/a.txt
    }

    It 'is an error for a client that does not have the file' {
        $result = Receive-PantryFile "$root/none.txt" -Destination "$root/received" -Client web1 -ErrorVariable failed -ErrorAction SilentlyContinue
        $result.Status | Should -Be Failed
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'NoMatchingFile,*'
    }
}
