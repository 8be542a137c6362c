using Pantry.Hosting;
using Pantry.Transport;

namespace Pantry.PowerShell.State;

/// <summary>One socket loop for all clients and sessions of a runspace: made for the first, ended with the last.</summary>
internal sealed class SharedLoop
{
    private readonly Lock _lock = new();
    private SocketLoop? _loop;
    private int _users;

    public SocketLoop Acquire()
    {
        lock (_lock)
        {
            _users++;
            return _loop ??= InProcess.StartLoop("Pantry clients");
        }
    }

    public async Task ReleaseAsync()
    {
        SocketLoop? ended = null;
        lock (_lock)
        {
            if (--_users == 0)
                (ended, _loop) = (_loop, null);
        }

        if (ended is not null)
            await ended.DisposeAsync().ConfigureAwait(false);
    }
}
