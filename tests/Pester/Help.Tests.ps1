BeforeDiscovery {
    $root = (Resolve-Path "$PSScriptRoot/../..").Path
    $file = [xml](Get-Content "$root/bin/en-US/Pantry.PowerShell.dll-Help.xml" -Raw)
    $examples = foreach ($command in $file.helpItems.command) {
        $number = 0
        foreach ($example in $command.examples.example) {
            @{ Cmdlet = $command.details.name; Number = ++$number; Code = $example.code }
        }
    }
}

BeforeAll {
    $root = (Resolve-Path "$PSScriptRoot/../..").Path

    # Each in a runspace of its own, with the module new in it, and a directory of its own.
    function Invoke-Alone([string[]] $Script) {
        $shell = [powershell]::Create()
        $place = Join-Path ([IO.Path]::GetTempPath()) "pantry-help-$([guid]::NewGuid().ToString('n'))"
        try {
            foreach ($part in @("Import-Module '$root/Pantry.psd1'; `$null = New-Item '$place' -ItemType Directory; Set-Location '$place'") + $Script) {
                $shell.Commands.Clear()
                $null = $shell.AddScript($part, $false).Invoke()
            }
            $shell.Streams.Error
        }
        finally {
            $shell.Runspace.Dispose()
            $shell.Dispose()
            Remove-Item $place -Recurse -Force -ErrorAction Ignore
        }
    }

    $editors = $env:VISUAL, $env:EDITOR
    $env:VISUAL = ''
    $env:EDITOR = $IsWindows ? 'cmd /c rem' : 'true'
}

AfterAll {
    $env:VISUAL, $env:EDITOR = $editors
}

Describe 'The help' {
    It 'works in example <Number> of <Cmdlet>' -ForEach $examples {
        if ($IsWindows -and $Cmdlet -like '*Provision*') { Set-ItResult -Skipped -Because 'the package that is applied is a script of Unix'; return }
        Invoke-Alone ". '$root/tests/Help/setting.ps1' -Root `"`$PWD/here`"", $Code | Should -BeNullOrEmpty
    }

    It 'is found at the prompt, topics too' {
        Import-Module "$root/Pantry.psd1"
        try {
            Get-Help Send-PantryCommand -Full | Out-String | Should -Match 'Exactly one|exactly one row'
            Get-Help Get-PantryClient -Parameter Role | Out-String | Should -Match 'wildcards are permitted'
            (Get-Help about_Pantry_*).Name | Should -Contain 'about_Pantry_Security'
        }
        finally {
            Remove-Module Pantry
        }
    }
}

Describe 'docs/getting-started.md' {
    It 'works as it is written' {
        $text = Get-Content "$root/docs/getting-started.md" -Raw
        # What needs a second machine is marked, and the import is done already.
        $text = $text -replace '(?s)<!-- needs a second machine -->\s+```powershell.*?```'
        $blocks = [regex]::Matches($text, '(?ms)^```powershell\r?\n(.*?)^```').ForEach({ $_.Groups[1].Value }).Where({ $_ -notmatch '^Import-Module' })
        $blocks.Count | Should -BeGreaterThan 10
        $free = '$PSDefaultParameterValues = @{ "Start-PantryServer:PublishPort" = 0; "Start-PantryServer:ReceivePort" = 0; "Start-PantryServer:FilePort" = 0 }; $ConfirmPreference = "None"'
        Invoke-Alone (@($free) + $blocks) | Should -BeNullOrEmpty
    }
}
