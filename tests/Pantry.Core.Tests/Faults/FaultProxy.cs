using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Pantry.Tests.EndToEnd;

/// <summary>A TCP proxy whose connections can be cut, or stalled so that both ends think all is well.</summary>
internal sealed class CuttableProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, byte> _open = new();
    private readonly int _target;
    private readonly Task _accepting;
    private volatile TaskCompletionSource _flowing = new();
    private int _accepted;

    public CuttableProxy(int target)
    {
        _target = target;
        _flowing.SetResult();
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>Resets every connection.</summary>
    public void CutAll()
    {
        foreach (TcpClient client in _open.Keys)
        {
            if (!_open.TryRemove(client, out _))
                continue;
            client.LingerState = new LingerOption(true, 0);
            client.Dispose();
        }
    }

    /// <summary>Nothing passes any more, in either direction, and no connection ends.</summary>
    public void Stall() => _flowing = new TaskCompletionSource();

    public void Resume() => _flowing.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        Resume();
        CutAll();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            TcpClient near = await _listener.AcceptTcpClientAsync();
            Interlocked.Increment(ref _accepted);
            var far = new TcpClient();
            await far.ConnectAsync(IPAddress.Loopback, _target);
            _open[near] = _open[far] = 0;
            _ = PumpAsync(near, far);
            _ = PumpAsync(far, near);
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to)
    {
        byte[] buffer = new byte[32 * 1024];
        try
        {
            int read;
            while ((read = await from.GetStream().ReadAsync(buffer)) > 0)
            {
                await _flowing.Task;
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }

        foreach (TcpClient client in (TcpClient[])[from, to])
        {
            _open.TryRemove(client, out _);
            client.Dispose();
        }
    }
}
