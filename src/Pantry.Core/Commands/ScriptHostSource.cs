using System.Text;

namespace Pantry.Commands;

/// <summary>
/// The script that a PowerShell child runs: reads a request from standard input, runs the script in a clean runspace, and
/// writes the records it made. Uses the engine alone, and works in Windows PowerShell 5.1 too.
/// </summary>
internal static class ScriptHostSource
{
    /// <summary>
    /// Request lines: boundary, cap in bytes, arguments in base64, secrets as name:value in base64 with commas between, <c>Live</c> or nothing. With
    /// Live, records are also written as they come: lines of boundary, <c>+</c> and base64 of some of their bytes. Answer lines: boundary, status, error message in base64, exit code or nothing, <c>Truncated</c> or nothing, records in base64. A record is a
    /// stream's letter, a CLIXML document and a zero byte. The document's Secrets say where each secret goes, and as what.
    /// </summary>
    public const string Text = """
        $ErrorActionPreference = 'Stop'
        $boundary = [Console]::In.ReadLine()
        $cap = [int][Console]::In.ReadLine()
        $utf8 = [Text.UTF8Encoding]::new($false)
        $document = $utf8.GetString([Convert]::FromBase64String([Console]::In.ReadLine())).TrimEnd([char]0)
        $request = [Management.Automation.PSSerializer]::Deserialize($document)
        $secrets = @{}
        foreach ($pair in [Console]::In.ReadLine().Split([char[]]',', [StringSplitOptions]::RemoveEmptyEntries)) {
            $name, $value = $pair.Split(':') | ForEach-Object { $utf8.GetString([Convert]::FromBase64String($_)) }
            $secrets[$name] = [string]$value
        }
        $live = [Console]::In.ReadLine() -eq 'Live'
        $console = [Console]::OpenStandardOutput()
        $records = [IO.MemoryStream]::new()
        $truncated = ''
        $depth = [Math]::Max(1, [Math]::Min(16, [int]$request['Depth']))
        $status = 'Succeeded'; $why = ''; $exit = ''
        $keep = {
            param($letter, $value)
            $xml = [Management.Automation.PSSerializer]::Serialize($value, $depth)
            $bytes = $utf8.GetBytes($letter + $xml)
            if ($truncated -or $records.Length + $bytes.Length + 1 -gt $cap) { Set-Variable -Name truncated -Value 'Truncated' -Scope Script }
            else {
                $records.Write($bytes, 0, $bytes.Length); $records.WriteByte(0)
                for ($at = 0; $live -and $at -le $bytes.Length; $at += 2700) {
                    $piece = [byte[]]::new([Math]::Min(2700, $bytes.Length + 1 - $at))
                    [Array]::Copy($bytes, $at, $piece, 0, [Math]::Min($piece.Length, $bytes.Length - $at))
                    $line = $utf8.GetBytes($boundary + '+' + [Convert]::ToBase64String($piece) + "`n")
                    $console.Write($line, 0, $line.Length); $console.Flush()
                }
            }
        }
        $drain = {
            foreach ($item in $output.ReadAll()) { & $keep 'O' $item }
            foreach ($item in $shell.Streams.Error.ReadAll()) { if ($status -eq 'Succeeded') { $status = 'Failed'; $why = [string]$item }; & $keep 'E' $item }
            foreach ($item in $shell.Streams.Warning.ReadAll()) { & $keep 'W' $item }
            foreach ($item in $shell.Streams.Verbose.ReadAll()) { & $keep 'V' $item }
            foreach ($item in $shell.Streams.Debug.ReadAll()) { & $keep 'D' $item }
            if ($shell.Streams.Information) { foreach ($item in $shell.Streams.Information.ReadAll()) { & $keep 'I' $item } }
        }
        $shell = [PowerShell]::Create()
        try {
            $state = [Management.Automation.Runspaces.InitialSessionState]::CreateDefault2()
            if ([IO.Path]::DirectorySeparatorChar -eq '\') { $state.ExecutionPolicy = 'Bypass' }
            $shell.Runspace = [Management.Automation.Runspaces.RunspaceFactory]::CreateRunspace($state)
            $shell.Runspace.Open()
            foreach ($place in $request['Secrets']) {
                $secret = [Security.SecureString]::new()
                foreach ($character in $secrets[$place['Value']].ToCharArray()) { $secret.AppendChar($character) }
                if ($place['User']) { $secret = [Management.Automation.PSCredential]::new($secrets[$place['User']], $secret) }
                if ($place['In'] -eq 'Variables') { $shell.Runspace.SessionStateProxy.SetVariable($place['Key'], $secret) }
                else { $request[$place['In']][$place['Key']] = $secret }
            }
            $null = $shell.AddScript([string]$request['Script'])
            foreach ($argument in $request['Arguments']) { $null = $shell.AddArgument($argument) }
            if ($null -ne $request['Parameters']) { foreach ($name in $request['Parameters'].Keys) { $null = $shell.AddParameter($name, $request['Parameters'][$name]) } }
            if ($request['Using'].Count) { $null = $shell.AddParameter('--%', [hashtable]$request['Using']) }
            $output = [Management.Automation.PSDataCollection[psobject]]::new()
            $nothing = [Management.Automation.PSDataCollection[psobject]]::new()
            $nothing.Complete()
            $running = $shell.BeginInvoke($nothing, $output)
            $output.BlockingEnumerator = $true
            $null = $running.AsyncWaitHandle
            try {
                while (-not $running.IsCompleted -or $output.Count) {
                    $null = $running.AsyncWaitHandle.WaitOne(50)
                    . $drain
                }
                $null = $shell.EndInvoke($running)
            } catch {
                $status = 'Failed'
                $record = $_
                if ($_.Exception.InnerException -and $_.Exception.InnerException.ErrorRecord) { $record = $_.Exception.InnerException.ErrorRecord }
                $why = [string]$record
                & $keep 'E' $record
            }
            . $drain
            $last = $shell.Runspace.SessionStateProxy.GetVariable('LASTEXITCODE')
            if ($null -ne $last) { $exit = [string]$last }
        } catch {
            $status = 'Failed'; $why = [string]$_
        }
        foreach ($line in $boundary, $status, [Convert]::ToBase64String($utf8.GetBytes($why)), $exit, $truncated, [Convert]::ToBase64String($records.ToArray())) {
            [Console]::Out.Write($line + "`n")
        }
        [Console]::Out.Flush()
        [Environment]::Exit(0)
        """;

    public static string Decode(string? base64)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(base64 ?? ""));
        }
        catch (FormatException)
        {
            return "";
        }
    }
}
