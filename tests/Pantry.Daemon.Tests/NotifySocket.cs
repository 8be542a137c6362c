using System.Net.Sockets;
using System.Text;

namespace Pantry.Daemon.Tests;

/// <summary>Stands in for systemd: hears what a service says.</summary>
internal sealed class NotifySocket : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public NotifySocket(string directory)
    {
        Path = System.IO.Path.Combine(directory, "notify.sock");
        _socket.Bind(new UnixDomainSocketEndPoint(Path));
    }

    public string Path { get; }

    /// <summary>All that was heard so far.</summary>
    public List<string> Heard { get; } = [];

    /// <summary>Waits for something that begins so.</summary>
    public async Task HearAsync(string state)
    {
        using var deadline = new CancellationTokenSource(PantryProcess.Deadline);
        byte[] buffer = new byte[4096];
        while (true)
        {
            int length = await _socket.ReceiveAsync(buffer, deadline.Token);
            Heard.Add(Encoding.UTF8.GetString(buffer, 0, length));
            if (Heard[^1].StartsWith(state, StringComparison.Ordinal))
                return;
        }
    }

    /// <summary>Whether something waits to be heard.</summary>
    public bool HasMore => _socket.Available > 0;

    public void Dispose()
    {
        _socket.Dispose();
        File.Delete(Path);
    }
}
