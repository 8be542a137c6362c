// A PowerShell of its own for tests: `Pantry.EngineHost <script.ps1> [arguments]`.
using Pantry.EngineHost;

if (args.Length > 0)
    return ScriptFile.Run(args[0], args[1..]);
Console.Error.WriteLine("usage: Pantry.EngineHost <script.ps1> [arguments]");
return 2;
