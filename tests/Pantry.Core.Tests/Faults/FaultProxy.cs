using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Pantry.Tests.Faults;

/// <summary>
/// A TCP proxy that does to connections what networks do. What is set here holds for all of them, those that come later
/// too; each has the same switches of its own.
/// </summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<FaultConnection, byte> _open = new();
    private readonly int _target;
    private readonly Task _accepting;
    private int _accepted;

    /// <param name="target">Port on loopback that connections go to; nothing need listen there.</param>
    public FaultProxy(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Towards the target.</summary>
    public FaultFlow ToServer { get; } = new();

    /// <summary>Back to whoever dialled.</summary>
    public FaultFlow ToClient { get; } = new();

    public IReadOnlyList<FaultConnection> Connections => [.. _open.Keys];

    /// <summary>Resets every connection.</summary>
    public void CutAll() => Connections.ToList().ForEach(connection => connection.Cut());

    /// <summary>Ends every connection in an orderly way, as a process does that exits.</summary>
    public void CloseAll() => Connections.ToList().ForEach(connection => connection.Close());

    /// <summary>Nothing passes any more, in either direction, and no connection ends.</summary>
    public void Pause()
    {
        ToServer.Pause();
        ToClient.Pause();
    }

    public void Resume()
    {
        ToServer.Resume();
        ToClient.Resume();
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        CutAll();
        Resume();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            TcpClient near = await _listener.AcceptTcpClientAsync();
            Interlocked.Increment(ref _accepted);
            _ = ServeAsync(near);
        }
    }

    private async Task ServeAsync(TcpClient near)
    {
        var connection = new FaultConnection(near, new TcpClient());
        _open[connection] = 0;
        await connection.RunAsync(_target, ToServer, ToClient);
        _open.TryRemove(connection, out _);
    }
}
