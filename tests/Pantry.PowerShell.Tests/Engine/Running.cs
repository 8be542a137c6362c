using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace Pantry.PowerShell.Tests.Engine;

/// <summary>A script under way.</summary>
internal sealed class Running : IDisposable
{
    private readonly System.Management.Automation.PowerShell _shell = System.Management.Automation.PowerShell.Create();
    private readonly PSDataCollection<PSObject?> _output = [];
    private readonly PSDataCollection<PSObject?> _input = [];
    private readonly IAsyncResult _invocation;

    public Running(Runspace runspace, string script)
    {
        _shell.Runspace = runspace;
        _shell.AddScript(script, useLocalScope: false);
        _input.Complete();
        _invocation = _shell.BeginInvoke(_input, _output);
    }

    public PSDataCollection<PSObject?> Output => _output;

    /// <summary>Does what Ctrl+C does.</summary>
    public void Stop() => _shell.Stop();

    public Outcome Wait(TimeSpan deadline)
    {
        if (!_invocation.AsyncWaitHandle.WaitOne(deadline))
        {
            _shell.BeginStop(null, null);
            Assert.Fail($"The script did not end within {deadline}.");
        }

        ErrorRecord? fatal = null;
        try
        {
            _shell.EndInvoke(_invocation);
        }
        catch (RuntimeException exception)
        {
            fatal = exception.ErrorRecord;
        }

        return new Outcome([.. _output], [.. _shell.Streams.Error], [.. _shell.Streams.Warning.Select(warning => warning.Message)], fatal) { Progress = [.. _shell.Streams.Progress] };
    }

    public void Dispose()
    {
        _shell.Dispose();
        _output.Dispose();
        _input.Dispose();
    }
}
