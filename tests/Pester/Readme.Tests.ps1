Describe 'README.md' {
    It 'works as it is written' {
        if (-not $IsLinux) { Set-ItResult -Skipped -Because 'its shell lines are those of Linux'; return }
        $root = (Resolve-Path "$PSScriptRoot/../..").Path
        $block = [regex]::Matches((Get-Content "$root/README.md" -Raw), '(?ms)^```powershell\r?\n(.*?)^```').ForEach({ $_.Groups[1].Value }).Where({ $_ -match '(?m)^Start-PantryServer|= Start-PantryServer' })
        $block | Should -HaveCount 1
        # It is built and no one is at the keyboard; other servers may have the usual ports.
        $changes = [ordered]@{
            'dotnet build'                               = ''
            './Pantry.psd1'                              = "'$root/Pantry.psd1'"
            '-AdvertisedAddress localhost'               = '-AdvertisedAddress localhost -PublishPort 0 -ReceivePort 0 -FilePort 0'
            '-Server localhost'                          = '-Server "localhost:$($server.ReceivePort)" -PublishPort $server.PublishPort'
            "(Read-Host 'Password' -AsSecureString)"     = '(ConvertTo-SecureString not-a-secret -AsPlainText -Force)'
        }
        $code = $block[0]
        foreach ($change in $changes.GetEnumerator()) {
            $code | Should -BeLike "*$([WildcardPattern]::Escape($change.Key))*"
            $code = $code.Replace($change.Key, $change.Value)
        }

        $place = New-Item -ItemType Directory (Join-Path ([IO.Path]::GetTempPath()) "pantry-readme-$([guid]::NewGuid().ToString('n'))")
        try {
            Copy-Item "$root/docs", "$root/examples" $place -Recurse
            # What it writes for somebody's home goes to one of its own, and ends with it.
            $code = $code.Replace('~/pantry', "'$place/server'").Replace('/tmp/shop', "$place/shop")
            Set-Content "$place/readme.ps1" "`$ConfirmPreference = 'None'", $code, "`$failed = `$Error.Where({ `$_.InvocationInfo.Line -notlike '*SilentlyContinue*' }); `$failed | ForEach-Object { `$_.InvocationInfo.Line; `"`$_`" }; exit `$failed.Count"
            $before = $env:XDG_DATA_HOME, $env:XDG_CONFIG_HOME
            try {
                $env:XDG_DATA_HOME, $env:XDG_CONFIG_HOME = "$place/data", "$place/config"
                Push-Location $place
                $said = & ([Environment]::ProcessPath) -NoProfile -NonInteractive -File "$place/readme.ps1" 2>&1 | Out-String
            }
            finally {
                Pop-Location
                $env:XDG_DATA_HOME, $env:XDG_CONFIG_HOME = $before
            }

            $LASTEXITCODE | Should -Be 0 -Because $said
            $said | Should -Match 'setup 1\.0\.0'
        }
        finally {
            Remove-Item $place -Recurse -Force
        }
    }
}
