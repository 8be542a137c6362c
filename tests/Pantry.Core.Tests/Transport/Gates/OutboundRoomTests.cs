using Pantry.Transport.Gates;

namespace Pantry.Tests.Transport.Gates;

public sealed class OutboundRoomTests
{
    private static readonly GateLimits Limits = new() { OutboundBytes = 1_000, OutboundFreeBytes = 100 };

    private readonly OutboundShare _share = new(1_500);

    [Fact]
    public void A_peer_has_so_much_room_and_always_room_for_one_message()
    {
        var room = new OutboundRoom(Limits, _share);
        Assert.True(room.TryTake(5_000));
        Assert.False(room.TryTake(1));
        room.Return(5_000);
        Assert.True(room.TryTake(600));
        Assert.True(room.TryTake(400));
        Assert.False(room.TryTake(1));
        room.Return(600);
        room.Return(400);
        Assert.Equal(0, _share.Taken);
    }

    [Fact]
    public void When_the_share_of_all_is_taken_each_peer_still_has_its_free_bytes_and_one_message()
    {
        var greedy = new OutboundRoom(Limits, _share);
        var second = new OutboundRoom(Limits, _share);
        Assert.True(greedy.TryTake(1_000));
        Assert.True(second.TryTake(600));
        Assert.Equal(900 + 500, _share.Taken);
        Assert.False(second.TryTake(400));

        var small = new OutboundRoom(Limits, _share);
        Assert.True(small.TryTake(60));
        Assert.True(small.TryTake(40));
        Assert.False(small.TryTake(200));
        var large = new OutboundRoom(Limits, _share);
        Assert.True(large.TryTake(900));
        foreach (OutboundRoom room in (OutboundRoom[])[greedy, second, small, large])
            room.End();
        Assert.Equal(0, _share.Taken);
        Assert.False(small.TryTake(1), "it has ended");
    }

    [Fact]
    public void Room_is_never_below_nothing_whatever_is_given_back()
    {
        var room = new OutboundRoom(Limits, _share);
        room.Return(500);
        Assert.True(room.TryTake(1_000));
        Assert.False(room.TryTake(1));
        room.End();
        room.Return(1_000);
        room.Take(700);
        Assert.Equal(0, _share.Taken);
    }
}
