using System.Threading.Channels;

namespace Pantry.Transport;

/// <summary>
/// Received messages on their way from the socket loop to the host. Bounded: when it is full the loop stops reading the
/// sockets, TCP makes the peers wait, and reading goes on as soon as the host has taken something.
/// </summary>
internal sealed class InboundQueue<T>(int capacity, Action resume)
{
    // Room for the few notices that do not come from a socket and cannot be made to wait.
    private const int Notices = 256;

    private readonly Channel<T> _channel = Channel.CreateBounded<T>(
        new BoundedChannelOptions(capacity + Notices) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private int _paused;

    /// <summary>Whether one more fits; if not, <c>resume</c> is called once it does. For the loop's thread only.</summary>
    public bool HasRoom()
    {
        if (_channel.Reader.Count < capacity)
            return true;

        // Said before looking again: a reader that empties the queue between the two looks would never resume us.
        Interlocked.Exchange(ref _paused, 1);
        if (_channel.Reader.Count >= capacity)
            return false;
        Interlocked.Exchange(ref _paused, 0);
        return true;
    }

    /// <summary>Adds a message after <see cref="HasRoom"/>, or a notice; false once the queue is closed.</summary>
    public bool Add(T item) => _channel.Writer.TryWrite(item);

    public void Complete() => _channel.Writer.TryComplete();

    public async IAsyncEnumerable<T> ReadAllAsync()
    {
        await foreach (T item in _channel.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            if (Interlocked.Exchange(ref _paused, 0) == 1)
                resume();
            yield return item;
        }
    }
}
