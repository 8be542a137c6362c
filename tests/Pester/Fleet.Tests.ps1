BeforeAll {
    Import-Module "$PSScriptRoot/../../Pantry.psd1" -Force
    $root = Join-Path ([IO.Path]::GetTempPath()) "pantry-pester-$([guid]::NewGuid().ToString('n'))"
    $server = Start-PantryServer -Path $root -PublishPort 0 -ReceivePort 0 -FilePort 0
    $clients = @(
        New-PantryEnrollment shop.web1 -Application shop -Environment live -Role web
        New-PantryEnrollment shop.web2 -Application shop -Environment test -Role web
        New-PantryEnrollment mail.mx1 -Application mail -Environment live -Role mx
    ) | Register-PantryClient -Path { Join-Path $root $_.Identity }

    # One that has ended, and that nobody has asked for its exit code, still has an id.
    function Get-RunningProcess([int[]] $Id) {
        Get-Process -Id $Id -ErrorAction Ignore | Where-Object { -not $IsLinux -or (Get-Content "/proc/$($_.Id)/stat" -Raw -ErrorAction Ignore) -match '\) [^ZX] ' }
    }

    $at = @{
        Server          = "127.0.0.1:$($server.ReceivePort)"
        PublishPort     = $server.PublishPort
        ServerPublicKey = $server.PublicKey
        Application     = 'shop'
    }
}

AfterAll {
    Remove-Module Pantry -ErrorAction Ignore
    Remove-Item $root, "$root-other" -Recurse -ErrorAction Ignore
}

Describe 'Start-PantryServer' {
    It 'tells where it listens' {
        $server.Status | Should -Be 'Running'
        $server.ReceivePort | Should -BeGreaterThan 0
        (Get-PantryServer).ReceivePort | Should -Be $server.ReceivePort
    }

    It 'says that a directory is in use' {
        { Start-PantryServer -Path $root -PublishPort 0 -ReceivePort 0 -FilePort 0 } |
            Should -Throw -ErrorId 'RootInUse,Pantry.PowerShell.Cmdlets.StartPantryServerCommand'
    }

    It 'says that a port is in use' {
        { Start-PantryServer -Path "$root-other" -PublishPort $server.PublishPort -ReceivePort 0 -FilePort 0 } |
            Should -Throw -ErrorId 'PortInUse,Pantry.PowerShell.Cmdlets.StartPantryServerCommand'
    }
}

Describe 'Tables' {
    It 'fit a narrow window: <_>' -ForEach 'Get-PantryJob', 'Get-PantryClient', 'Get-PantryQueue', 'Get-PantryApplication' {
        Send-PantryCommand -Client shop.web1 -ShellCommand 'exit 0' | Should -Not -BeNullOrEmpty
        $lines = (& $_ | Format-Table | Out-String -Width 80) -split '\r?\n' | Where-Object { $_ }
        # A column without room is written letter by letter, one below the other.
        $dashes = $lines | Where-Object { $_ -match '^[- ]+$' } | Select-Object -First 1
        @($dashes -split ' +' | Where-Object { $_ -and $_.Length -lt 2 }) | Should -BeNullOrEmpty
        $lines | ForEach-Object { $_.Length | Should -BeLessOrEqual 80 }
    }
}

Describe 'Register-PantryClient' {
    It 'gives a client its streams' {
        ($clients | Where-Object Identity -eq shop.web1).Streams | Should -Be shop, shop.live, shop.live.web
    }

    It 'warns where a client hears everything' {
        Register-PantryClient -Identity lonely -Path (Join-Path $root lonely) -WarningVariable warned -WarningAction SilentlyContinue | Should -Not -BeNullOrEmpty
        "$warned" | Should -BeLike '*every stream*'
        Unregister-PantryClient lonely
        Get-PantryClient lonel* | Should -BeNullOrEmpty
    }

    It 'takes an enrolment from a file' {
        $file = Join-Path $root one.json
        $null = New-PantryEnrollment one -Application shop -OutFile $file
        Get-Item $file | Register-PantryClient -Path (Join-Path $root one) | ForEach-Object Identity | Should -Be one
        Unregister-PantryClient one
    }

    It 'waits for approval where nobody announced the client, and says so' {
        $client = Register-PantryClient @at -Identity shop.new -Path (Join-Path $root shop.new) -WarningVariable warned -WarningAction SilentlyContinue
        $client.Status | Should -Be Pending
        "$warned" | Should -BeLike "*Approve-PantryClient -Fingerprint $($client.Fingerprint)*"
        Get-PantryClient -Status Pending | Approve-PantryClient | ForEach-Object Identity | Should -Be shop.new
        $deadline = [datetime]::UtcNow.AddSeconds(20)
        while ($client.Status -ne 'Approved' -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 50 }
        $client.Status | Should -Be Approved
        Test-PantryClient shop.new | ForEach-Object Status | Should -Be Succeeded
        Get-PantryClient shop.new | Revoke-PantryClient -Confirm:$false -PassThru | ForEach-Object Status | Should -Be Revoked
        Get-PantryClient shop.new | Remove-PantryClient -Confirm:$false
        Get-PantryClient shop.n* | Should -BeNullOrEmpty
    }

    It 'takes a token' {
        $token = New-PantryEnrollmentToken 'shop.t*' -Application shop
        (Register-PantryClient @at -Token $token.Token -Identity shop.tok -Path (Join-Path $root shop.tok)).Status | Should -Be Approved
        Unregister-PantryClient shop.tok
    }
}

Describe 'Get-PantryEnrollment' {
    It 'lists what is open, and what was withdrawn only with -All' {
        $made = @(New-PantryEnrollment shop.later -Application shop) + (New-PantryEnrollmentToken 'shop.l*' -Application shop -Environment live)
        ($made | Get-PantryEnrollment | Sort-Object CreatedAt).Kind | Should -Be Enrollment, Token
        Get-PantryEnrollment $made[1].Id | Out-String -Width 200 | Should -BeLike '*shop.l[*]*Open*'
        (Get-PantryEnrollment -Kind Token | Out-String -Width 500).Contains($made[1].Token) | Should -BeFalse
        $made | Revoke-PantryEnrollment -PassThru | ForEach-Object Status | Should -Be Withdrawn, Withdrawn
        Get-PantryEnrollment "$($made[0].Id)*" | Should -BeNullOrEmpty
        (Get-PantryEnrollment $made.Id -All).Status | Should -Be Withdrawn, Withdrawn
        $made[0] | Register-PantryClient -Path (Join-Path $root later) -ErrorAction SilentlyContinue -ErrorVariable problem | Should -BeNullOrEmpty
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'InvalidEnrollment,*'
    }
}

Describe 'Secrets' {
    It 'are in no view: <_>' -ForEach 'Format-Table', 'Format-List', 'Format-Wide', 'Format-Custom', 'ConvertTo-Json' {
        $file = Join-Path $root "secret-$_.json"
        $enrolment = New-PantryEnrollment secret -Application shop -OutFile $file
        $secret = (Get-Content $file | ConvertFrom-Json).secretKey
        $secret.Length | Should -Be 40
        ($enrolment | & $_ | Out-String -Width 500).Contains($secret) | Should -BeFalse
        $token = New-PantryEnrollmentToken secret -Application shop
        if ($_ -in 'Format-Table', 'Format-List') { ($token | & $_ | Out-String -Width 500).Contains($token.Token) | Should -BeFalse }
        ((Get-Item $root), $token | Out-String -Width 500).Contains($token.Token) | Should -BeFalse
    }

    It 'are not shown by -WhatIf' {
        $token = New-PantryEnrollmentToken secret -Application shop
        $shown = & ([Environment]::ProcessPath) -NoProfile -Command "
            Import-Module '$PSScriptRoot/../../Pantry.psd1'
            Register-PantryClient -Server localhost -ServerPublicKey '$($server.PublicKey)' -Token '$($token.Token)' -Identity one -WhatIf" *>&1
        "$shown" | Should -BeLike '*"one"*'
        "$shown".Contains($token.Token) | Should -BeFalse
    }
}

Describe 'Operators' {
    BeforeAll {
        $file = Join-Path $root deploy.operator
        $made = New-PantryOperator deploy -Scope 'shop:Ping', 'shop.live:Shell' -ExpiresIn 600 -OutFile $file
    }

    It 'are listed' {
        $made.Scopes | Should -Be 'shop:Ping', 'shop.live:Shell'
        (Get-PantryOperator dep*).Fingerprint | Should -Be $made.Fingerprint
        Get-PantryOperator | Out-String -Width 200 | Should -BeLike '*shop:Ping shop.live:Shell*'
    }

    It 'may do what their scopes say, from another process' {
        $shown = & ([Environment]::ProcessPath) -NoProfile -Command "
            Import-Module '$PSScriptRoot/../../Pantry.psd1'
            (Connect-PantryServer -OperatorFile '$file').Operator
            (Send-PantryCommand -Stream shop -Name Ping).Count
            try { Send-PantryCommand -Stream mail -Name Ping } catch { `$_.FullyQualifiedErrorId }"
        $shown | Should -Be 'deploy', '2', 'OutOfScope,Pantry.PowerShell.Cmdlets.SendPantryCommandCommand'
    }

    It 'are out when they are revoked' {
        Revoke-PantryOperator deploy -Confirm:$false
        { Connect-PantryServer -OperatorFile $file } | Should -Throw
        { Connect-PantryServer localhost } | Should -Throw -ErrorId 'InvalidArgument,*'
    }
}

Describe 'The audit log' {
    It 'has what was done, and is whole' {
        (Get-PantryAuditLog OperatorRevoked -Newest 1).Target | Should -Be deploy
        $check = Test-PantryAuditLog
        $check.IsIntact | Should -BeTrue
        ($check | Test-PantryAuditLog).IsIntact | Should -BeTrue
    }
}

Describe 'Get-PantryClient' {
    It 'filters by <By>' -ForEach @(
        @{ By = 'Application'; Value = 'shop' }
        @{ By = 'Role'; Value = 'web' }
        @{ By = 'Identity'; Value = 'shop.*' }
        @{ By = 'Stream'; Value = 'shop' }
    ) {
        $filter = @{ $By = $Value }
        Get-PantryClient @filter | ForEach-Object Identity | Should -Be shop.web1, shop.web2
    }

    It 'has an error for a name that is not there' {
        Get-PantryClient nobody -ErrorAction SilentlyContinue -ErrorVariable problem | Should -BeNullOrEmpty
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'NoMatchingClient,*'
    }
}

Describe 'Send-PantryCommand' {
    It 'sends to piped clients as one order, and brings a result for each' {
        $before = $server.Statistics.OrdersPublished
        $results = Get-PantryClient -Application shop | Where-Object { $_.Facts.ProcessorCount -ge 1 } | Send-PantryCommand -ShellCommand hostname
        $results.Client | Sort-Object | Should -Be shop.web1, shop.web2
        $results.Output | Should -Be (hostname), (hostname)
        $server.Statistics.OrdersPublished - $before | Should -Be 1
    }

    It 'runs scripts with values of the session and returns objects' {
        $machine = @{ name = 'pester' }
        $result = Send-PantryCommand -Client shop.web1 { Write-Warning careful; [pscustomobject]@{ Name = $using:machine.name; At = Get-Date } }
        $result.Output[0].Name | Should -Be pester
        $result.Output[0].At | Should -BeOfType datetime
        $result.Warnings[0].Message | Should -Be careful
    }

    It 'brings what clients write as they write it, and their results behind it' {
        $all = @(Send-PantryCommand -Client shop.web1, shop.web2 -Live { 'one'; Write-Warning careful; 2 })
        $live = $all | Where-Object { $_ -is [Pantry.LiveOutput] }
        ($live | Where-Object Client -eq shop.web1).Text | Should -Be one, careful, 2
        ($live | Where-Object Client -eq shop.web2).Stream | Should -Be Output, Warning, Output
        ($live | Where-Object Client -eq shop.web1)[2].Record | Should -BeOfType int
        ($all | Where-Object { $_ -is [Pantry.CommandResult] }).Client | Sort-Object | Should -Be shop.web1, shop.web2
        ($live[0] | Out-String).Trim() | Should -Be "$($live[0].Client): one"
    }

    It 'brings live output again, and what is behind that which was seen' {
        $job = Send-PantryCommand -Client shop.web1 -Live -AsJob { 1; 2; 3 }
        $null = Wait-Job $job
        $seen = Receive-PantryJob $job -Live | Select-Object -First 2
        $seen.Text | Should -Be 1, 2
        (Receive-PantryJob $job -After $seen)[0].Text | Should -Be 3
        (Receive-Job $job).Count | Should -Be 4
    }

    It 'does not let what a client writes live drive the terminal' {
        $live = Send-PantryCommand -Client shop.web1 -Live { "red$([char]27)[31m" }
        $live | Out-String | Should -Not -Match ([char]27 + '\[31m')
    }

    It 'sends nothing where there is no target' {
        { Send-PantryCommand -Name Ping } | Should -Throw -ErrorId 'NoTarget,*'
        { Get-PantryClient nobody* | Send-PantryCommand -Name Ping } | Should -Throw -ErrorId 'NoTarget,*'
    }

    It 'has a row and an error for a client that is not there' {
        $results = Send-PantryCommand -Client shop.web1, nobody -Name Ping -ErrorAction SilentlyContinue -ErrorVariable problem
        ($results | Sort-Object Client).Status | Should -Be Unknown, Succeeded
        $problem.Count | Should -Be 1
        $problem[0].TargetObject.Client | Should -Be nobody
    }

    It 'shows with -WhatIf whom it would reach, and reaches nobody' {
        $before = $server.Statistics.OrdersPublished
        $file = Join-Path $root whatif.operator
        $null = New-PantryOperator whatif -Scope '*:*' -OutFile $file
        $shown = & ([Environment]::ProcessPath) -NoProfile -Command "
            Import-Module '$PSScriptRoot/../../Pantry.psd1'
            `$null = Connect-PantryServer -OperatorFile '$file'
            Send-PantryCommand -Stream shop -ShellCommand hostname -WhatIf"
        "$shown" | Should -BeLike '*shop.web1, shop.web2*'
        $server.Statistics.OrdersPublished | Should -Be $before
    }

    It 'keeps the exit code of a command that fails' {
        $result = Send-PantryCommand -Client shop.web1 -ShellCommand 'exit 3' -ErrorAction SilentlyContinue
        $result.Status | Should -Be Failed
        $result.ExitCode | Should -Be 3
    }

    It 'works in the background' {
        $job = Send-PantryCommand -Application shop -AsJob { 'done' }
        ($job | Wait-Job -Timeout 30).State | Should -Be Completed
        ($job | Receive-Job).Client | Sort-Object | Should -Be shop.web1, shop.web2
        $job | Remove-Job
    }

    It 'does not let text of a client drive the terminal' {
        $result = Send-PantryCommand -Client shop.web1 { [string][char]27 + ']0;title' + [char]7; Write-Information ([string][char]27 + '[2J') }
        $pictured = [regex]::Escape([string][char]0x241b + ']0;title' + [char]0x2407)
        $result | Out-String | Should -Match $pictured
        $result | Format-List | Out-String | Should -Match $pictured

        # Among objects of other types PowerShell uses no view; then no text of the client is shown at all.
        (Get-Item $root), $result | Out-String | Should -Not -Match 'title'
    }
}

Describe 'Jobs at the server' {
    It 'are listed with how far they are' {
        $results = Send-PantryCommand -Application shop -ShellCommand 'echo hi'
        $job = $results | Get-PantryJob
        $job.State | Should -Be Ended
        $job.Succeeded | Should -Be 2
        $job | Out-String | Should -Match '2/2'
        (Get-PantryJob -Newest 1).JobId | Should -Be $job.JobId
    }

    It 'have their results for as long as they are kept, and for a console elsewhere' {
        $id = (Send-PantryCommand -Application shop { 42 })[0].JobId
        (Receive-PantryJob $id).Output | Should -Be 42, 42
        (Receive-PantryJob $id -Client *web2).Client | Should -Be shop.web2
        $file = Join-Path $root jobs.operator
        $null = New-PantryOperator jobs -Scope '*:*' -Administrator -OutFile $file
        $elsewhere = & ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command "
            Import-Module '$PSScriptRoot/../../Pantry.psd1'
            `$null = Connect-PantryServer -OperatorFile '$file'
            (Receive-PantryJob $id -Wait).Client | Sort-Object"
        $elsewhere | Should -Be shop.web1, shop.web2
    }

    It 'go on when the console that started one is closed' {
        $file = Join-Path $root closing.operator
        $null = New-PantryOperator closing -Scope '*:*' -Administrator -OutFile $file
        $go = Join-Path $root go
        $id = & ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command "
            Import-Module '$PSScriptRoot/../../Pantry.psd1'
            `$null = Connect-PantryServer -OperatorFile '$file'
            (Send-PantryCommand -Application shop -AsJob -ShellCommand 'while [ ! -e `"$go`" ]; do sleep 0.1; done; echo survived').JobId"
        (Get-PantryJob $id).State | Should -Be Running
        $null = New-Item $go -ItemType File
        ($id | Wait-PantryJob -Timeout 30).Succeeded | Should -Be 2
        (Receive-PantryJob $id).StandardOutput.Trim() | Should -Be survived, survived
    }

    It 'are cancelled with all the processes they have started' {
        $pids = Join-Path $root pids
        $job = Send-PantryCommand -Application shop -AsJob -ShellCommand "sleep 300 & echo `$! >> '$pids'; sleep 300"
        $deadline = [datetime]::UtcNow.AddSeconds(20)
        while (@(Get-Content $pids -ErrorAction Ignore).Count -lt 2 -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 50 }
        $stopped = $job | Stop-PantryJob -PassThru
        $stopped.State | Should -Be Cancelled
        $stopped.Rows['Cancelled'] | Should -Be 2
        Get-RunningProcess (Get-Content $pids) | Should -BeNullOrEmpty
        $job | Wait-Job -Timeout 10 | ForEach-Object { $_.ChildJobs.State } | Should -Be Stopped, Stopped
        { $job | Stop-PantryJob -ErrorAction Stop } | Should -Throw -ErrorId 'JobEnded,Pantry.PowerShell.Cmdlets.StopPantryJobCommand'
    }

    It 'are held and go on' {
        $job = Send-PantryCommand -Application shop -BatchSize 1 -AsJob { Start-Sleep -Milliseconds 500 }
        ($job | Suspend-PantryJob -PassThru).State | Should -Be Suspended
        ($job | Resume-PantryJob -PassThru).State | Should -Be Running
        ($job | Wait-PantryJob -Timeout 30).Succeeded | Should -Be 2
    }

    It 'say that waiting took too long' {
        $job = Send-PantryCommand -Client shop.web1 -AsJob { Start-Sleep -Seconds 60 }
        { $job | Wait-PantryJob -Timeout 0.3 -ErrorAction Stop } | Should -Throw -ErrorId 'TimedOut,Pantry.PowerShell.Cmdlets.WaitPantryJobCommand'
        $job | Stop-PantryJob
    }
}

Describe 'A job of PowerShell' {
    It 'has a child for each client, ends with Stop-Job with all processes, and each child shows it' {
        $pids = Join-Path $root pids2
        $job = Send-PantryCommand -Application shop -AsJob -ShellCommand "sleep 300 & echo `$! >> '$pids'; sleep 300"
        $job.ChildJobs.Location | Sort-Object | Should -Be shop.web1, shop.web2
        (Get-Job -Id $job.Id).State | Should -Be Running
        $deadline = [datetime]::UtcNow.AddSeconds(20)
        while (@(Get-Content $pids -ErrorAction Ignore).Count -lt 2 -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 50 }
        $job | Stop-Job
        $job.State | Should -Be Stopped
        $job.ChildJobs.State | Should -Be Stopped, Stopped
        Get-RunningProcess (Get-Content $pids) | Should -BeNullOrEmpty
        ($job | Receive-Job -ErrorAction SilentlyContinue).Status | Should -Be Cancelled, Cancelled
        ($job | Receive-PantryJob -ErrorAction SilentlyContinue).Status | Should -Be Cancelled, Cancelled
        $job | Remove-Job
        Get-Job | Where-Object Id -eq $job.Id | Should -BeNullOrEmpty
    }
}

Describe 'The queue' {
    It 'has orders for clients that are away until they are taken back' {
        $file = Join-Path $root away.json
        $null = New-PantryEnrollment away -Application queue -OutFile $file
        & ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command "
            Import-Module '$PSScriptRoot/../../Pantry.psd1'
            `$null = Register-PantryClient -EnrollmentFile '$file' -Path '$root/away'"
        $job = Send-PantryCommand -Client away -Queue -AsJob -ShellCommand hostname
        Get-PantryQueue | ForEach-Object Client | Should -Be away
        ($job | Get-PantryQueue).Command | Should -Be Shell
        Get-PantryQueue -Client aw* | Remove-PantryQueue
        Get-PantryQueue | Should -BeNullOrEmpty
        ($job | Wait-PantryJob -Timeout 10).Rows['Cancelled'] | Should -Be 1
        Remove-PantryClient away -Confirm:$false
    }
}

Describe 'Group-PantryResult' {
    It 'folds what is the same and shows the lines that are not' {
        $groups = Send-PantryCommand -All -ShellCommand 'echo one; echo two' | Group-PantryResult
        $groups.Count | Should -Be 3
        $groups.Clients | Should -Be mail.mx1, shop.web1, shop.web2
        $script = { Get-Date -Date '2020-01-01'; if ($env:PANTRY_NONE) { 1 } }
        (Send-PantryCommand -All $script | Group-PantryResult).Count | Should -Be 3
        $differing = @(Send-PantryCommand -Application shop -ShellCommand 'echo same') + @(Send-PantryCommand -Client mail.mx1 -ShellCommand 'echo other') | Group-PantryResult -Difference
        $differing[1].Difference | Should -Be '- same', '+ other'
        $differing | Out-String | Should -Match '- same'
    }
}

Describe 'Watch-PantryEvent' {
    It 'says what happens' {
        $file = Join-Path $root watch.operator
        $null = New-PantryOperator watch -Scope '*:*' -Administrator -OutFile $file
        $seen = Join-Path $root seen
        $watching = Start-Process ([Environment]::ProcessPath) -PassThru -ArgumentList '-NoProfile', '-NonInteractive', '-Command', "`"
            Import-Module '$PSScriptRoot/../../Pantry.psd1'
            `$null = Connect-PantryServer -OperatorFile '$file'
            Watch-PantryEvent JobEnded -MaxCount 1 -Timeout 60 | ForEach-Object Detail | Set-Content '$seen'`""
        $deadline = [datetime]::UtcNow.AddSeconds(60)
        while (-not $watching.HasExited -and [datetime]::UtcNow -lt $deadline) { $null = Test-PantryClient -Client mail.mx1; Start-Sleep -Milliseconds 200 }
        Get-Content $seen | Should -Be '1 Succeeded'
    }
}

Describe 'Register-PantryCommand' {
    It 'adds a command with named arguments' {
        Register-PantryCommand Greet { param($Name) "hello $Name" }
        (Send-PantryCommand -Client mail.mx1 -Name Greet -Argument @{ Name = 'you' }).Output | Should -Be 'hello you'
    }
}

Describe 'Test-PantryClient' {
    It 'says who answers' {
        $pings = Test-PantryClient -All
        $pings.Status | Sort-Object -Unique | Should -Be Succeeded
        $pings[0].RoundTrip | Should -BeGreaterThan ([timespan]::Zero)
    }
}

Describe 'Completion' {
    It 'knows the clients' {
        $line = 'Send-PantryCommand -Name Ping -Client shop.'
        # It would rather say nothing than be slow.
        $deadline = [datetime]::UtcNow.AddSeconds(20)
        do { $found = (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText } until ($found -or [datetime]::UtcNow -gt $deadline)
        $found | Should -Be shop.web1, shop.web2
    }
}

Describe 'Packages and applications' {
    BeforeAll {
        $web = New-Item -ItemType Directory -Path (Join-Path $root 'packages/web')
        Set-Content (Join-Path $web 'metadata.rb') "name 'web'", "version '1.2.0'", "depends 'base', '~> 1.0'"
        $base = New-Item -ItemType Directory -Path (Join-Path $root 'packages/base')
        Set-Content (Join-Path $base 'run.sh') 'echo base'
    }

    It 'publishes directories from the pipeline' {
        $published = Get-Item $web | Publish-PantryPackage
        $published.Name, $published.Version, $published.Kind | Should -Be web, 1.2.0, chef
        Publish-PantryPackage $base -Version 1.0.0 -Kind script | Out-String | Should -BeLike '*base*1.0.0*script*'
    }

    It 'says that a version never changes' {
        Set-Content (Join-Path $base 'run.sh') 'echo other'
        { Publish-PantryPackage $base -Version 1.0.0 -Kind script -ErrorAction Stop } | Should -Throw -ErrorId 'PackageExists,Pantry.PowerShell.Cmdlets.PublishPantryPackageCommand'
    }

    It 'saves a package' {
        Save-PantryPackage base (Join-Path $root saved) | Should -BeOfType IO.DirectoryInfo
        Get-Content (Join-Path $root saved/base/run.sh) | Should -Be 'echo base'
    }

    It 'keeps every change of an application' {
        New-PantryApplication shop -Document 'packages: { web: ^1.0 }', 'parameters: { workers: 2 }', '' | Out-String | Should -BeLike '*shop*1*Created*web*'
        Get-PantryApplication shop | Set-PantryApplication -Document 'packages: { web: ^1.0 }', 'parameters: { workers: 4 }', ''
        Compare-PantryApplication shop | Out-String | Should -BeLike '*- parameters: { workers: 2 }*+ parameters: { workers: 4 }*'
        (Restore-PantryApplication shop 1).Revision | Should -Be 3
        (Get-PantryApplication shop -History).Change | Should -Be Restored, Changed, Created
    }

    It 'shows what clients would get' {
        $plan = Get-PantryPlan shop.web1
        "$($plan.Packages)" | Should -Be 'base 1.0.0 web 1.2.0'
        $plan.Parameters | Should -Be '{"workers":2}'
        $plan | Out-String | Should -BeLike '*shop.web1*shop*3*base 1.0.0, web 1.2.0*'
    }

    It 'does not remove what is used' {
        { Remove-PantryPackage web 1.2.0 -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'PackageInUse,Pantry.PowerShell.Cmdlets.RemovePantryPackageCommand'
        (Test-PantryPackageStore).IsIntact | Should -BeTrue
    }
}

Describe 'Get-PantryProvisionReport' -Skip:$IsWindows {
    BeforeAll {
        $package = New-Item -ItemType Directory -Path (Join-Path $root 'published/motd')
        Set-Content (Join-Path $package 'apply') "#!/bin/sh`necho '{`"resources`":[{`"type`":`"file`",`"name`":`"/etc/motd`",`"status`":`"changed`"}]}' > `$PANTRY_REPORT"
        [IO.File]::SetUnixFileMode((Join-Path $package 'apply'), 'UserRead, UserExecute')
        $null = Publish-PantryPackage $package -Version 1.0.0 -Kind script
        $null = Set-PantryApplication shop -Document "packages: { motd: '*' }" -Force
        $rows = 1..2 | ForEach-Object { Invoke-PantryProvision -Client shop.web1 }
    }

    It 'shows the last run, and all on request' {
        $rows.Status | Should -Be Succeeded, Succeeded
        (Get-PantryProvisionReport shop.web1).JobId | Should -Be $rows[1].JobId
        (Get-PantryProvisionReport shop.web1 -History).JobId | Should -Be $rows[1].JobId, $rows[0].JobId
        $rows[0] | Get-PantryProvisionReport | ForEach-Object { "$($_.Resources)" } | Should -Be 'file[/etc/motd]: Changed'
    }

    It 'is a table with drift' {
        Get-PantryProvisionReport | Out-String | Should -BeLike '*Client*Package*Status*Drift*shop.web1*motd 1.0.0*Changed*'
        Get-PantryProvisionReport | Format-List | Out-String | Should -BeLike '*Drifted*ReceivedAt*'
    }
}

Describe 'Remove-Module' {
    It 'stops everything' {
        Remove-Module Pantry
        $server.Status | Should -Be Stopped
        $clients[0].Link | Should -Be Stopped
    }
}
