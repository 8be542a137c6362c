using Pantry.Security;
using Pantry.Server.Jobs;
using Pantry.Server.Provisioning;

namespace Pantry.Tests.Provisioning;

/// <summary>Late reports that wait for the disk are bounded by number and bytes.</summary>
public sealed class LateQueueTests
{
    private static readonly PublicKey Key = Storage.StorageRoot.NewKey();

    [Fact]
    public void What_is_beyond_the_number_or_the_bytes_or_waits_already_is_refused_until_there_is_room_again()
    {
        var queue = new LateQueue((3, 100));

        Assert.True(queue.TryAdd(Late("j1", 40)));
        Assert.False(queue.TryAdd(Late("j1", 1)));
        Assert.False(queue.TryAdd(Late("j2", 61)));
        Assert.True(queue.TryAdd(Late("j2", 59)));
        Assert.True(queue.TryAdd(Late("j3", 1)));
        Assert.False(queue.TryAdd(Late("j4", 0)));
        queue.Remove(queue.Waiting[0]);
        queue.Remove(queue.Waiting[0]);
        Assert.Equal("j3", Assert.Single(queue.Waiting).Job);
        Assert.True(queue.TryAdd(Late("j1", 99)));
    }

    [Fact]
    public void One_that_is_larger_than_all_the_room_is_taken_alone()
    {
        var queue = new LateQueue((3, 100));

        Assert.True(queue.TryAdd(Late("j1", 1000)));
        Assert.False(queue.TryAdd(Late("j2", 0)));
        queue.Remove(queue.Waiting[0]);
        Assert.True(queue.TryAdd(Late("j2", 0)));
    }

    private static LateReports Late(string job, int bytes) => new("web1", Key, job, new byte[bytes], CommandStatus.Succeeded, IsNoted: false, () => { });
}
