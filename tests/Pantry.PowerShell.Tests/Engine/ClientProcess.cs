using System.Diagnostics;

namespace Pantry.PowerShell.Tests.Engine;

/// <summary>A client in a process of its own, without PowerShell in it.</summary>
internal sealed class ClientProcess : IDisposable
{
    private readonly Process _process;

    private ClientProcess(Process process, string home)
    {
        _process = process;
        Home = home;
    }

    /// <summary>The client's own directory.</summary>
    public string Home { get; }

    /// <summary>Enrols a client on the session's server and starts it.</summary>
    /// <param name="session">The session.</param>
    /// <param name="identity">Its identity.</param>
    /// <param name="labels">Further parameters of its enrolment.</param>
    public static ClientProcess Start(Session session, string identity, string labels)
    {
        string file = Path.Combine(session.Root, $"{identity}.enrollment"), home = Path.Combine(session.Root, "homes", identity);
        session.Run($"$null = New-PantryEnrollment {identity} {labels} -OutFile '{file}'").Clean();
        var start = new ProcessStartInfo("dotnet", [Places.TestHost, "client", file, home]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        Process process = Process.Start(start)!;
        Task<string?> ready = process.StandardOutput.ReadLineAsync();
        Assert.True(ready.Wait(Session.Deadline), $"The client {identity} was not ready within {Session.Deadline}.");
        Assert.Equal("ready", ready.Result);
        return new ClientProcess(process, home);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(Session.Deadline))
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }
}
