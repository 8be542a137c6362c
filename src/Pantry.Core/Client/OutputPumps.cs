using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Transport;

namespace Pantry.Client;

/// <summary>The commands under way whose output is wanted while they run.</summary>
internal sealed class OutputPumps(PantryOptions options, TimeProvider time, ILogger log)
{
    private readonly ConcurrentDictionary<string, OutputPump> _open = new();

    /// <summary>A command begins; its output ends when this is disposed.</summary>
    public OutputPump Begin(string job, Func<Message, Task<SendOutcome>> send, SecretRedactor secrets)
    {
        var live = new OutputPump(job, send, secrets, options, time, gone => _open.TryRemove(KeyValuePair.Create(gone.Job, gone)), log);
        _open[job] = live;
        return live;
    }

    public void Confirm(OutputStored stored)
    {
        if (_open.TryGetValue(stored.Job, out OutputPump? live))
            live.Confirm(stored.Next);
    }

    /// <summary>There is a new link.</summary>
    public void Resume()
    {
        foreach (OutputPump live in _open.Values)
            live.Resume();
    }
}
