BeforeAll {
    Import-Module "$PSScriptRoot/../../Pantry.psd1" -Force
    $root = Join-Path ([IO.Path]::GetTempPath()) "pantry-pester-$([guid]::NewGuid().ToString('n'))"
    $script = "$PSScriptRoot/../../examples/scheduled/pantry-job.ps1"
    $server = Start-PantryServer -Path $root/server -PublishPort 0 -ReceivePort 0 -FilePort 0
    $null = 'web1', 'web2' | ForEach-Object { New-PantryEnrollment $_ -Application shop -Environment production } | Register-PantryClient -Path { Join-Path $root $_.Identity }
    $null = New-PantryOperator night -Scope 'shop.production:Shell' -OutFile $root/night.operator

    # The job imports the module by its name, as an installed one.
    $link = $IsWindows ? 'Junction' : 'SymbolicLink'
    $null = New-Item -ItemType Directory $root/modules
    $null = New-Item -ItemType $link $root/modules/Pantry -Target (Resolve-Path "$PSScriptRoot/../..").Path
    $before = $env:PSModulePath, $env:PANTRY_WEBHOOK
    $env:PSModulePath = "$root/modules$([IO.Path]::PathSeparator)$env:PSModulePath"

    # One request over HTTP: its body.
    function Start-Webhook {
        $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $env:PANTRY_WEBHOOK = "http://127.0.0.1:$($listener.LocalEndpoint.Port)/secret-of-the-night"
        Start-ThreadJob -ArgumentList $listener {
            param($listener)
            $connection = $listener.AcceptTcpClient()
            $listener.Stop()
            $stream = $connection.GetStream()
            $reader = [IO.StreamReader]::new($stream)
            $length = 0
            while ($line = $reader.ReadLine()) { if ($line -match '^Content-Length: *(\d+)') { $length = [int] $Matches[1] } }
            $body = [char[]]::new($length)
            $read = $reader.ReadBlock($body, 0, $length)
            $stream.Write([Text.Encoding]::ASCII.GetBytes("HTTP/1.1 204 No Content`r`nConnection: close`r`n`r`n"))
            $connection.Dispose()
            [string]::new($body, 0, $read)
        }
    }

    function Receive-Webhook($Job) { $Job | Wait-Job -Timeout 60 | Receive-Job | ConvertFrom-Json; $Job | Remove-Job -Force }

    # As the unit and the task in Windows start it; its errors are among what it says.
    function Invoke-Night([string] $ShellCommand, [string] $Stream = 'shop.production') {
        $said = & ([Environment]::ProcessPath) -NoProfile -NonInteractive -File $script -OperatorFile $root/night.operator -Stream $Stream -ShellCommand $ShellCommand -LogFile $root/night.log 2>&1
        [pscustomobject]@{ Code = $LASTEXITCODE; Text = $said | Out-String; Rows = @($said | Where-Object { "$_" -like '{*' } | ConvertFrom-Json) }
    }
}

AfterAll {
    $env:PSModulePath, $env:PANTRY_WEBHOOK = $before
    Remove-Module Pantry -ErrorAction Ignore
    # The link first, so that nothing behind it is removed.
    if (Test-Path $root/modules/Pantry) { (Get-Item $root/modules/Pantry).Delete() }
    Remove-Item $root -Recurse -Force -ErrorAction Ignore
}

Describe 'The order of the night' {
    BeforeEach {
        $env:PANTRY_WEBHOOK = $null
        Remove-Item $root/night.log -ErrorAction Ignore
    }

    It 'ends with 0 when every client succeeds, and its rows are in the log' {
        $night = Invoke-Night 'hostname'
        $night.Code | Should -Be 0 -Because $night.Text
        $night.Rows.Client | Sort-Object | Should -Be web1, web2
        $night.Rows.Status | Should -Be Succeeded, Succeeded
        Get-Content $root/night.log | Should -Be ($night.Text.Trim() -split '\r?\n')
    }

    It 'ends with 1 when one client fails, and posts the row of that one' {
        $hook = Start-Webhook
        $night = Invoke-Night "mkdir `"$root/first`""
        $night.Code | Should -Be 1 -Because $night.Text
        $told = Receive-Webhook $hook
        $told.exitCode | Should -Be 1
        $told.text | Should -Be 'pantry: an order to shop.production failed on 1 of 2 clients'
        @($told.rows).Status | Should -Be Failed
        Get-Content $root/night.log | Should -HaveCount 2
        $night.Text | Should -Not -Match 'secret-of-the-night'
    }

    It 'ends with 3 when the operator may not give it, and posts why' {
        $hook = Start-Webhook
        $night = Invoke-Night 'hostname' -Stream shop.test
        $night.Code | Should -Be 3 -Because $night.Text
        $told = Receive-Webhook $hook
        $told.exitCode | Should -Be 3
        $told.text | Should -BeLike 'pantry: an order to shop.test was not given: *'
        $told.rows -is [array] -and $told.rows.Count -eq 0 | Should -BeTrue
        $night.Text | Should -Match 'pantry-job: '
    }

    It 'ends as it would without the webhook when that is not there, and says so without its address' {
        # It hears one request, and nobody is there after it.
        $hook = Start-Webhook
        $null = Invoke-WebRequest $env:PANTRY_WEBHOOK -Method Post -Body '{}'
        $null = Receive-Webhook $hook
        $night = Invoke-Night 'exit 4'
        $night.Code | Should -Be 1 -Because $night.Text
        $night.Rows.ExitCode | Should -Be 4, 4
        $night.Text | Should -Match 'pantry-job: the webhook was not reached'
        $night.Text | Should -Not -Match 'secret-of-the-night'
    }

    It 'ends with 3 when the server is not there, and posts it' {
        Stop-PantryServer $server
        $hook = Start-Webhook
        $night = Invoke-Night 'hostname'
        $night.Code | Should -Be 3 -Because $night.Text
        (Receive-Webhook $hook).exitCode | Should -Be 3
    }
}
