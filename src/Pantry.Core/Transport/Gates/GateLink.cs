using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Pantry.Transport.Gates;

/// <summary>Takes a message of our endpoint. It must not wait.</summary>
internal delegate void LinkReceiver(LinkMessage message);

/// <summary>
/// The one connection between a server's gate and our endpoint behind it, over which goes what all peers say and hear. It
/// is dialled again when it breaks, under a new name each time.
/// </summary>
internal sealed class GateLink
{
    private const int ReadBytes = 64 * 1024;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly GateContext _context;
    private readonly int _keyBytes;
    private readonly LinkReceiver _receive;
    private readonly Func<byte[], Task>? _naming;
    private readonly Action _ended;
    private readonly LinkWriter _writer;
    private readonly CancellationToken _stopping;
    private readonly Task _running;
    private volatile TaskCompletionSource _up = NewSignal();

    /// <param name="context">What the gate's connections share.</param>
    /// <param name="keyBytes">Length of the first frame of our endpoint's messages.</param>
    /// <param name="receive">Takes those messages.</param>
    /// <param name="naming">Told the link's name before it is dialled.</param>
    /// <param name="ended">Told when the link has ended.</param>
    /// <param name="stopping">Dial no more; the present link lives until our endpoint closes it.</param>
    public GateLink(GateContext context, int keyBytes, LinkReceiver receive, Func<byte[], Task>? naming, Action ended, CancellationToken stopping)
    {
        _stopping = stopping;
        _context = context;
        _keyBytes = keyBytes;
        _receive = receive;
        _naming = naming;
        _ended = ended;
        _writer = new LinkWriter(context.Limits.LinkBatchBytes);
        _running = Task.Run(RunAsync, CancellationToken.None);
    }

    /// <summary>Completed while there is a link.</summary>
    public Task Up => _up.Task;

    /// <inheritdoc cref="LinkWriter.WriteAsync"/>
    public ValueTask<bool> WriteAsync(ulong? number, ReadOnlyMemory<byte> frames) => _writer.WriteAsync(number, frames);

    /// <summary>Waits until our endpoint has closed the link, or cuts it.</summary>
    public async Task EndAsync(CancellationToken cut)
    {
        await using CancellationTokenRegistration cutting = cut.Register(_writer.Abort);
        await _running;
    }

    private async Task RunAsync()
    {
        bool said = false;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await RunOnceAsync();
                said = false;
            }
            catch (Exception error)
            {
                if (!said && !_stopping.IsCancellationRequested)
                    _context.Log.LogError("The gate does not reach its endpoint at {EndPoint} and tries again: {Error}", _context.Backend, error.Message);
                said = true;
            }

            if (!_stopping.IsCancellationRequested)
                await _context.Clock.Delay(Pause, _stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunOnceAsync()
    {
        byte[] name = _context.Profile.Local == ZmtpSocketType.Router ? LinkName.NewRandom() : [];
        using var socket = new Socket(_context.Backend.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var buffer = new LinkBuffer(ReadBytes, _keyBytes, _context.Profile.MaxEndpointMessageBytes);
        await DialAsync(socket, name, buffer);
        _writer.Open(socket);
        _up.TrySetResult();
        try
        {
            while (buffer.Deliver(_receive))
            {
                int count = await QuietSocket.TryReceiveAsync(socket, buffer.Room());
                if (count == 0)
                    break;
                buffer.Add(count);
            }
        }
        finally
        {
            _up = NewSignal();
            _writer.Close();
            if (!_context.IsStopping)
                _context.Log.LogError("The link between the gate and its endpoint at {EndPoint} broke; all connections of this port are cut.", _context.Backend);
            _ended();
        }
    }

    private async Task DialAsync(Socket socket, byte[] name, LinkBuffer buffer)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stopping);
        deadline.CancelAfter(_context.Limits.BackendTimeout);
        await using CancellationTokenRegistration over = deadline.Token.Register(() => QuietSocket.Abort(socket));
        if (_naming is not null)
            await _naming(name).WaitAsync(deadline.Token);
        await socket.ConnectAsync(_context.Backend, deadline.Token);
        HandshakeParser parser = HandshakeParser.ForBackend(_context.Profile.Local);
        var greeting = new ReadBuffer();
        (bool stands, Range rest) = await ZmtpHandshake.RunAsync(socket, ZmtpReady.Hello(_context.Profile.Peer, name), parser, greeting);
        if (!stands)
            throw new InvalidOperationException("it does not answer as an endpoint does");
        greeting.Current.AsSpan(rest).CopyTo(buffer.Room().Span);
        buffer.Add(rest.End.Value - rest.Start.Value);
        greeting.Release();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
