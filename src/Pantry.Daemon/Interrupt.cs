using System.Runtime.InteropServices;

namespace Pantry.Daemon;

/// <summary>Ctrl+C and the system's wish that the program ends: the first one is a request, the second one ends it on the spot.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _signals;

    public Interrupt() => _signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGQUIT }.Select(signal => PosixSignalRegistration.Create(signal, Handle))];

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals)
            signal.Dispose();
        // The source is not disposed: work that was left behind may still look at its token.
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_source.IsCancellationRequested)
            Environment.Exit((int)ExitCode.Interrupted);
        // Off the thread that handles signals, which must be free for the second one.
        _ = Task.Run(_source.Cancel);
    }
}
