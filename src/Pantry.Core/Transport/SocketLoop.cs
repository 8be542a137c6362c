using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using NetMQ;

namespace Pantry.Transport;

/// <summary>
/// The one background thread that creates, uses and disposes the NetMQ sockets of a host, or of several hosts that share it.
/// Work comes in through a bounded mailbox that is closed before the thread ends, so that nothing accepted is lost.
/// NetMQ's own poller is not used: an exception out of a handler ends its process, and so does disposing a socket it holds.
/// </summary>
internal sealed class SocketLoop : IAsyncDisposable
{
    private const int MessagesPerTurn = 256;

    // NetMQ's waking is reliable; this only bounds the harm if one signal were ever lost.
    private const int LongestWaitMilliseconds = 5000;

    private readonly Channel<Action> _mailbox;
    private readonly List<Polled> _sockets = [];
    private readonly Socket _wakeReceiver = NewLoopbackSocket();
    private readonly Socket _wakeSender = NewLoopbackSocket();
    private readonly ILogger _log;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private NetMQSelector.Item[] _items = [];
    private bool _changed = true;
    private int _awake;

    private SocketLoop(string name, int mailboxCapacity, ILogger log)
    {
        _log = log;
        _mailbox = Channel.CreateBounded<Action>(new BoundedChannelOptions(mailboxCapacity) { SingleReader = true });
        _wakeReceiver.Connect(_wakeSender.LocalEndPoint!);
        _wakeSender.Connect(_wakeReceiver.LocalEndPoint!);
        _thread = new Thread(Run) { Name = name, IsBackground = true };
    }

    /// <summary>Completes when the thread has ended.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Work that waits for the loop.</summary>
    public int Waiting => _mailbox.Reader.Count;

    public static SocketLoop Start(string name, int mailboxCapacity, ILogger log)
    {
        SocketDefaults.Apply();
        var loop = new SocketLoop(name, mailboxCapacity, log);
        loop._thread.Start();
        return loop;
    }

    /// <summary>Runs work on the loop's thread; false if the mailbox is full or the loop closed.</summary>
    public bool TryPost(Action work)
    {
        bool accepted = _mailbox.Writer.TryWrite(work);
        if (accepted)
            Wake();
        return accepted;
    }

    /// <summary>Runs work on the loop's thread; waits while the mailbox is full. False once the loop is closed.</summary>
    public async ValueTask<bool> PostAsync(Action work, CancellationToken cancellation = default)
    {
        if (TryPost(work))
            return true;
        try
        {
            await _mailbox.Writer.WriteAsync(work, cancellation).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            return false;
        }

        Wake();
        return true;
    }

    /// <summary>Runs a function on the loop's thread and brings its value back.</summary>
    /// <exception cref="PantryException">The loop is closed.</exception>
    public async Task<T> InvokeAsync<T>(Func<T> function, CancellationToken cancellation = default)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool accepted = await PostAsync(
            () =>
            {
                try
                {
                    answer.SetResult(function());
                }
                catch (Exception exception)
                {
                    answer.SetException(exception);
                }
            },
            cancellation).ConfigureAwait(false);
        if (!accepted)
            throw new PantryException(PantryErrorCode.Stopped, "The transport was stopped.");
        return await answer.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Closes sockets on the loop's thread and waits for it; a loop that has ended has closed them already.</summary>
    public async Task CloseAsync(Action close)
    {
        try
        {
            await InvokeAsync(() =>
            {
                close();
                return true;
            }).ConfigureAwait(false);
        }
        catch (PantryException stopped) when (stopped.Code == PantryErrorCode.Stopped)
        {
            // Nothing is left to close.
        }
    }

    /// <summary>On the loop's thread: calls <paramref name="receive"/> while the socket has messages; it returns false to pause.</summary>
    public void Add(NetMQSocket socket, Func<bool> receive)
    {
        _sockets.Add(new Polled(socket, receive));
        _changed = true;
    }

    /// <summary>On the loop's thread: reads a paused socket again.</summary>
    public void Resume(NetMQSocket socket)
    {
        foreach (Polled polled in _sockets)
        {
            if (polled.Socket == socket && polled.Paused)
            {
                polled.Paused = false;
                _changed = true;
            }
        }
    }

    /// <summary>On the loop's thread: forgets the socket and closes it.</summary>
    public void RemoveAndDispose(NetMQSocket socket)
    {
        _sockets.RemoveAll(polled => polled.Socket == socket);
        _changed = true;
        socket.Dispose();
    }

    /// <summary>Refuses new work, does what was accepted, closes every socket, and ends the thread.</summary>
    public async ValueTask DisposeAsync()
    {
        _mailbox.Writer.TryComplete();
        Wake();
        await _ended.Task.ConfigureAwait(false);
    }

    private void Run()
    {
        var selector = new NetMQSelector();
        try
        {
            while (!_mailbox.Reader.Completion.IsCompleted)
            {
                Guarded(() => Turn(selector));
            }
        }
        finally
        {
            foreach (Polled polled in _sockets)
                Guarded(polled.Socket.Dispose);
            _wakeReceiver.Dispose();
            _wakeSender.Dispose();
            _ended.SetResult();
        }
    }

    private void Turn(NetMQSelector selector)
    {
        if (_changed)
        {
            _changed = false;
            _items = [new NetMQSelector.Item(_wakeReceiver, PollEvents.PollIn), .. _sockets.Where(polled => !polled.Paused).Select(polled => polled.Item)];
        }

        selector.Select(_items, _items.Length, LongestWaitMilliseconds);
        if (_items[0].ResultEvent != PollEvents.None)
            Hush();

        foreach (Polled polled in _sockets)
        {
            if (polled.Paused || polled.Item.ResultEvent == PollEvents.None)
                continue;
            polled.Item.ResultEvent = PollEvents.None;
            Guarded(() => Receive(polled));
        }

        // Work may add and remove sockets, so it comes last: the next turn rebuilds the set.
        Volatile.Write(ref _awake, 0);
        for (int done = 0; done < MessagesPerTurn && _mailbox.Reader.TryRead(out Action? work); done++)
            Guarded(work);
        if (_mailbox.Reader.TryPeek(out _))
            Wake();
    }

    private void Receive(Polled polled)
    {
        for (int received = 0; received < MessagesPerTurn; received++)
        {
            if (!polled.Socket.HasIn)
                return;
            if (!polled.Receive())
            {
                polled.Paused = true;
                _changed = true;
                return;
            }
        }
    }

    private void Guarded(Action work)
    {
        try
        {
            work();
        }
        catch (Exception exception)
        {
            // A defect in one handler must not take the other sockets, or the process, with it.
            _log.LogError(exception, "A handler of the socket loop failed.");
        }
    }

    private void Wake()
    {
        if (Interlocked.Exchange(ref _awake, 1) != 0)
            return;
        try
        {
            _wakeSender.Send([1]);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The loop has ended, or its buffer already holds a signal.
        }
    }

    private void Hush()
    {
        Span<byte> signals = stackalloc byte[16];
        while (_wakeReceiver.Available > 0)
            _wakeReceiver.Receive(signals);
    }

    private static Socket NewLoopbackSocket()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private sealed class Polled(NetMQSocket socket, Func<bool> receive)
    {
        public NetMQSocket Socket { get; } = socket;

        public Func<bool> Receive { get; } = receive;

        public NetMQSelector.Item Item { get; } = new(socket, PollEvents.PollIn);

        public bool Paused { get; set; }
    }
}
