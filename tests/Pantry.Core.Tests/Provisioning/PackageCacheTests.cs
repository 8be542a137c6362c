using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Provisioning.Cache;

namespace Pantry.Tests.Provisioning;

/// <summary>Packages on a client's disk: what is not used goes, and nothing outside is touched.</summary>
public sealed class PackageCacheTests : IDisposable
{
    private static readonly PantryOptions KeepsNothing = new() { Provision = new ProvisionLimits { PackageKeep = TimeSpan.Zero } };

    private readonly string _home = Directory.CreateTempSubdirectory("pantry-cache-").FullName;
    private readonly PackageFolder _web = new PackageFolder().With("lib.txt", "right"), _other = new PackageFolder().With("run.sh", "echo other");

    public void Dispose()
    {
        Directory.Delete(_home, recursive: true);
        _web.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task A_package_that_could_not_be_brought_whole_leaves_the_client_when_no_run_has_wanted_it_for_long()
    {
        byte[] large = new byte[6_000_000];
        new Random(1).NextBytes(large);
        using LocalTree web = _web.With("data.bin", large).Read(), other = _other.Read();
        var torn = new Source(web, most: 3);
        await Assert.ThrowsAsync<PantryException>(() => Cache(torn).BringAsync([Package("web", web)], "j1", _ => { }, default));
        Assert.True(Directory.Exists(PathOf("web")));

        await Cache(new Source(other)).BringAsync([Package("other", other)], "j2", _ => { }, default);
        Assert.False(Directory.Exists(Path.Combine(_home, "packages", "web")));
        Assert.True(File.Exists(Path.Combine(PathOf("other"), "run.sh")));
    }

    [Fact]
    public async Task What_has_come_of_a_package_is_kept_for_the_next_time_while_it_is_new()
    {
        byte[] large = new byte[6_000_000];
        new Random(1).NextBytes(large);
        using LocalTree web = _web.With("data.bin", large).Read(), other = _other.Read();
        await Assert.ThrowsAsync<PantryException>(() => Cache(new Source(web, most: 3), new PantryOptions()).BringAsync([Package("web", web)], "j1", _ => { }, default));
        await Cache(new Source(other), new PantryOptions()).BringAsync([Package("other", other)], "j2", _ => { }, default);
        Assert.True(Directory.Exists(PathOf("web")));

        await Cache(new Source(web), new PantryOptions()).BringAsync([Package("web", web)], "j3", _ => { }, default);
        Assert.Equal(large, File.ReadAllBytes(Path.Combine(PathOf("web"), "data.bin")));
    }

    [Theory]
    [InlineData("packages/web/1.0.0")]
    [InlineData("packages/web")]
    public async Task A_link_in_the_place_of_a_package_is_put_right_and_what_it_leads_to_stays(string place)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A link needs rights there.");
        using LocalTree web = _web.Read();
        await Cache(new Source(web)).BringAsync([Package("web", web)], "j1", _ => { }, default);
        string elsewhere = Elsewhere(), link = Path.Combine(_home, place);
        Directory.Delete(link, recursive: true);
        Directory.CreateSymbolicLink(link, elsewhere);

        await Cache(new Source(web)).BringAsync([Package("web", web)], "j2", _ => { }, default);

        Assert.Null(new DirectoryInfo(link).LinkTarget);
        Assert.Equal("right", File.ReadAllText(Path.Combine(PathOf("web"), "lib.txt")));
        Assert.Equal("mine", File.ReadAllText(Path.Combine(elsewhere, "1.0.0", "lib.txt")));
    }

    [Theory]
    [InlineData("packages/web/1.0.0")]
    [InlineData("packages/web")]
    public async Task A_file_in_the_place_of_a_package_gives_way_to_it(string place)
    {
        using LocalTree web = _web.Read();
        await Cache(new Source(web)).BringAsync([Package("web", web)], "j1", _ => { }, default);
        string file = Path.Combine(_home, place);
        Directory.Delete(file, recursive: true);
        File.WriteAllText(file, "in the way");

        await Cache(new Source(web)).BringAsync([Package("web", web)], "j2", _ => { }, default);

        Assert.Equal("right", File.ReadAllText(Path.Combine(PathOf("web"), "lib.txt")));
    }

    [Theory]
    [InlineData("packages/web/1.0.0")]
    [InlineData("packages/web")]
    public async Task Of_a_package_that_goes_nothing_is_removed_that_a_link_leads_to(string place)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A link needs rights there.");
        using LocalTree web = _web.Read(), other = _other.Read();
        await Cache(new Source(web)).BringAsync([Package("web", web)], "j1", _ => { }, default);
        string elsewhere = Elsewhere(), link = Path.Combine(_home, place);
        Directory.Delete(link, recursive: true);
        Directory.CreateSymbolicLink(link, elsewhere);

        await Cache(new Source(other)).BringAsync([Package("other", other)], "j2", _ => { }, default);

        Assert.Equal("mine", File.ReadAllText(Path.Combine(elsewhere, "1.0.0", "lib.txt")));
    }

    private string Elsewhere()
    {
        string elsewhere = Path.Combine(_home, "elsewhere");
        Directory.CreateDirectory(Path.Combine(elsewhere, "1.0.0"));
        File.WriteAllText(Path.Combine(elsewhere, "1.0.0", "lib.txt"), "mine");
        return elsewhere;
    }

    private string PathOf(string name) => Path.Combine(_home, "packages", name, "1.0.0");

    private PackageCache Cache(Source source, PantryOptions? options = null) => new(_home, source, options ?? KeepsNothing, TimeProvider.System, NullLogger.Instance);

    private static PantryPlanPackage Package(string name, LocalTree tree) => new(name, "1.0.0", "script", tree.Tree.Digest.ToString(), true);

    /// <summary>A server that has one tree, and is gone after so many pieces of it.</summary>
    private sealed class Source(LocalTree tree, int most = int.MaxValue) : ITreeExchange
    {
        public Task<long> SendAsync(LocalTree local, string? job, ByteRate? rate, IProgress<long>? progress, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IOpenedTree> OpenAsync(ContentHash digest, string? job, ByteRate? rate, CancellationToken cancellation) => Task.FromResult<IOpenedTree>(new Opened(tree, most));
    }

    private sealed class Opened(LocalTree tree, int most) : IOpenedTree
    {
        private int _given;

        public FileTree Tree => tree.Tree;

        public long ReceivedBytes => 0;

        public ValueTask ReadAsync(Chunk chunk, Memory<byte> into, CancellationToken cancellation) =>
            Interlocked.Increment(ref _given) > most ? throw new PantryException(PantryErrorCode.ConnectionLost, "gone") : tree.ReadAsync(chunk, into, cancellation);

        public ValueTask DisposeAsync() => default;
    }
}
