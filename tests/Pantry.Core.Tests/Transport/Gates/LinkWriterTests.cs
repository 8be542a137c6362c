using System.Net.Sockets;
using Pantry.Transport.Gates;
using static Pantry.Tests.Transport.Gates.GateRig;

namespace Pantry.Tests.Transport.Gates;

public sealed class LinkWriterTests
{
    [Fact]
    public async Task A_link_that_opens_after_it_was_to_end_ends_at_once()
    {
        (Socket ours, Socket theirs) = await ConnectedAsync();
        using Socket link = ours;
        using Socket endpoint = theirs;
        var writer = new LinkWriter(1_000);
        writer.Abort();

        writer.Open(link);

        Assert.Equal(0, await QuietSocket.TryReceiveAsync(endpoint, new byte[1]).AsTask().WaitAsync(Patience));
    }
}
