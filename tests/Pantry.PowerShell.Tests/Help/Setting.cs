using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Help;

/// <summary>Where examples work as they are written: a session with what tests/Help/setting.ps1 makes.</summary>
public sealed class Setting : IDisposable
{
    private readonly Session _session = Session.Open();

    public Setting() => _session.Run($". '{Script}' -Root \"$root/here\"").Clean();

    public static string Script { get; } = Path.Combine(Places.Root, "tests", "Help", "setting.ps1");

    /// <summary>Runs an example, which must have no error.</summary>
    public void Try(string code) => _session.Run(code).Clean();

    public void Dispose() => _session.Dispose();
}
