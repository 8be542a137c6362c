Describe 'The quickstart' {
    It 'runs to its end with one error, the one it shows' {
        $out = & ([Environment]::ProcessPath) -NoProfile -File "$PSScriptRoot/../../examples/quickstart.ps1" 2>&1
        $LASTEXITCODE | Should -Be 0
        $text = $out | Out-String
        $text | Should -BeLike '*orders published for it: 1*'
        $text | Should -BeLike '*ended with exit code 3*'
        $text | Should -BeLike '*refused: The operator*'
        $text | Should -BeLike '*# Cleaning up*'
    }
}
