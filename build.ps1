<#
.SYNOPSIS
Builds, tests and packages Pantry.
.DESCRIPTION
Each task is a few dotnet commands, which work without PowerShell too:
  Build    dotnet build Pantry.sln
  Test     dotnet test --solution Pantry.sln
  Pester   runs tests/Pester with Pester 5, for real in this PowerShell
  Package  the module, the program for each platform and Debian's packages in out/; -Package names some of them
  Clean    removes what the others made
.EXAMPLE
./build.ps1 -Task Build, Test, Pester
#>
[CmdletBinding()]
param(
    [ValidateSet('Build', 'Test', 'Pester', 'Package', 'Clean')]
    [string[]] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Debug',

    [ValidateSet('module', 'linux-x64', 'linux-arm64', 'win-x64')]
    [string[]] $Package = @('module', 'linux-x64', 'linux-arm64', 'win-x64')
)

$ErrorActionPreference = 'Stop'
$root = $PSScriptRoot
$out = Join-Path $root out

function Invoke-DotNet {
    & dotnet @args
    if ($LASTEXITCODE) { throw "dotnet $($args -join ' ') ended with exit code $LASTEXITCODE." }
}

function Invoke-Build { Invoke-DotNet build "$root/Pantry.sln" --configuration $Configuration }

function Invoke-Test { Invoke-DotNet test --solution "$root/Pantry.sln" --configuration $Configuration }

function Invoke-PesterTest {
    if (-not (Test-Path "$root/bin/core/Pantry.Core.dll")) { Invoke-Build }
    $pester = Get-Module Pester -ListAvailable | Where-Object { $_.Version.Major -eq 5 } | Sort-Object Version -Descending | Select-Object -First 1
    if (-not $pester) { throw 'Pester 5 is not installed: Install-Module Pester -MaximumVersion 5.99.99' }
    $null = New-Item $out -ItemType Directory -Force

    # A process of its own: the module's assemblies stay loaded and would keep the next build from replacing them.
    $run = @"
        Import-Module '$($pester.Path)'
        `$settings = New-PesterConfiguration
        `$settings.Run.Path = '$root/tests/Pester'
        `$settings.Run.Exit = `$true
        `$settings.Output.Verbosity = 'Detailed'
        `$settings.TestResult.Enabled = `$true
        `$settings.TestResult.OutputPath = '$out/pester.xml'
        Invoke-Pester -Configuration `$settings
"@
    & ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command $run
    if ($LASTEXITCODE) { throw "$LASTEXITCODE Pester tests failed." }
}

function Invoke-Package {
    & dotnet run --project "$root/src/Pantry.Packaging" -- --out $out @Package
    $code = $LASTEXITCODE
    if ($code -notin 0, 2) { throw "Packages were not made: exit code $code." }
    if ('module' -in $Package) { $null = Test-ModuleManifest (Get-Item "$out/Pantry/*/Pantry.psd1") }
    if ($code -eq 2) { throw 'Some packages were not made; the lines above say which and why. The others are there.' }
}

function Invoke-Clean {
    Invoke-DotNet clean "$root/Pantry.sln" --configuration $Configuration --verbosity quiet
    foreach ($directory in "$root/bin", "$root/en-US", $out) {
        if (Test-Path $directory) { Remove-Item $directory -Recurse }
    }
}

foreach ($name in $Task) {
    switch ($name) {
        Build { Invoke-Build }
        Test { Invoke-Test }
        Pester { Invoke-PesterTest }
        Package { Invoke-Package }
        Clean { Invoke-Clean }
    }
}
