// Runs ../quickstart.ps1, the script that PowerShell itself can run too.
using System.Reflection;
using Pantry.EngineHost;

string script = typeof(Program).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(data => data.Key == "Script").Value!;
return ScriptFile.Run(script, args);
