using Pantry.Storage;

namespace Pantry.Tests.Storage;

public sealed class BundleStoreTests
{
    [Fact]
    public void The_newest_bundle_is_kept_with_all_before_it()
    {
        using var root = new StorageRoot();
        using (ServerDatabase database = root.Open())
        {
            var bundles = new BundleStore(database);
            Assert.Null(bundles.Latest());
            bundles.Save(1, [1]);
            bundles.Save(5, [5, 5]);
        }

        using ServerDatabase again = root.Open();
        var store = new BundleStore(again);
        Assert.Equal(5, store.Latest()!.Value.Serial);
        Assert.Equal([5, 5], store.Latest()!.Value.Bundle);
        Assert.Equal([1, 5], store.History().Select(bundle => bundle.Serial));
    }

    [Fact]
    public void The_serial_only_grows_and_only_the_same_bytes_may_come_again()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        var bundles = new BundleStore(database);
        bundles.Save(2, [2]);
        bundles.Save(2, [2]);
        Assert.Equal(PantryErrorCode.InvalidArgument, StorageRoot.CodeOf(() => bundles.Save(2, [3])));
        Assert.Equal(PantryErrorCode.InvalidArgument, StorageRoot.CodeOf(() => bundles.Save(1, [1])));
        Assert.Equal([2], bundles.Latest()!.Value.Bundle);
    }
}
