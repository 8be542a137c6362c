using System.Diagnostics;
using System.Net.Sockets;
using Pantry.Transport.Gates;

namespace Pantry.Bench.Fleet;

/// <summary>A client of a fleet that is only played: it connects, stays, comes back where it is to, and answers orders.</summary>
internal abstract class FleetPeer : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    // As a client's gate has them.
    private static readonly Backoff Pauses = new DialOptions { Host = "", Port = 0 }.Backoff;
    private readonly Lock _lock = new();
    private readonly List<IDisposable> _open = [];
    private CancellationTokenSource _life = new();
    private volatile bool _up;

    /// <summary>Whether the client is let in.</summary>
    public bool IsUp => _up;

    /// <summary>Attempts that came to nothing.</summary>
    public int Failures { get; private set; }

    /// <summary>Connects; ends when the server has let the client in. A connection that is cut on the way is tried again.</summary>
    public async Task ConnectAsync(int publishPort, int receivePort)
    {
        for (int attempt = 1; !await TryConnectAsync(publishPort, receivePort); attempt++)
        {
            if (attempt == 20)
                throw new TimeoutException("An emulated client did not get in.");
            await Task.Delay(Random.Shared.Next(20, 100));
        }
    }

    /// <summary>Is there from now on, and comes back whenever its link is lost, with a client's own pauses.</summary>
    public async Task StayAsync(int publishPort, int receivePort, CancellationToken until)
    {
        long since = Stopwatch.GetTimestamp();
        for (int failures = 0; !until.IsCancellationRequested;)
        {
            if (await TryConnectAsync(publishPort, receivePort))
            {
                failures = 0;
                await Task.Delay(Timeout.Infinite, _life.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                Cut();
                since = Stopwatch.GetTimestamp();
            }

            failures++;
            await Task.Delay(Pauses.Wait(failures, Stopwatch.GetElapsedTime(since), Random.Shared.NextDouble()), until).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Ends its connections without a word.</summary>
    public void Cut()
    {
        lock (_lock)
        {
            _up = false;
            _open.ForEach(open => open.Dispose());
            _open.Clear();
            _life.Cancel();
        }
    }

    /// <summary>Says that it is there.</summary>
    public virtual void Beat()
    {
    }

    public void Dispose()
    {
        Cut();
        _life.Dispose();
    }

    /// <summary>Says what is to be said to be let in, and leaves loops behind that answer.</summary>
    protected abstract Task EnterAsync(int publishPort, int receivePort, CancellationToken deadline);

    protected T Keep<T>(T disposable)
        where T : IDisposable
    {
        lock (_lock)
            _open.Add(disposable);
        return disposable;
    }

    /// <summary>Reads a connection until it ends.</summary>
    protected void Serve(ZmtpSocket socket, Action<byte[][]> handle) => _ = ServeAsync(socket, handle, _life);

    private static async Task ServeAsync(ZmtpSocket socket, Action<byte[][]> handle, CancellationTokenSource life)
    {
        try
        {
            while (true)
                handle(await socket.ReceiveAsync());
        }
        catch (Exception gone) when (gone is SocketException or EndOfStreamException or ObjectDisposedException or OperationCanceledException)
        {
            await life.CancelAsync();
        }
        catch (Exception) when (life.IsCancellationRequested)
        {
            // It was cut while it read: its keys are gone.
        }
        catch (Exception exception)
        {
            Console.Error.WriteLine($"an emulated client failed: {exception}");
            await life.CancelAsync();
        }
    }

    private async Task<bool> TryConnectAsync(int publishPort, int receivePort)
    {
        _life = new CancellationTokenSource();
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            await EnterAsync(publishPort, receivePort, deadline.Token);
            _up = true;
            return true;
        }
        catch (Exception exception) when (exception is SocketException or EndOfStreamException or OperationCanceledException or ObjectDisposedException or PantryException)
        {
            Failures++;
            Cut();
            return false;
        }
    }
}
