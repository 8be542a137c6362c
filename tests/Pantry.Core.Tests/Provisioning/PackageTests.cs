using Pantry.Configuration;
using Pantry.Files;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Server.Provisioning;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Provisioning;

/// <summary>Packages from a console elsewhere, over real sockets, into a real store.</summary>
public sealed class PackageTests
{
    private static readonly PantryOptions Options = new();

    [Fact]
    public async Task A_package_comes_back_as_it_was_published_and_a_changed_one_costs_what_was_changed()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        byte[] large = new byte[3 * 1024 * 1024];
        new Random(7).NextBytes(large);
        using PackageFolder folder = new PackageFolder().With("data.bin", large).With("bin/run.sh", "echo one").With("empty", "");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Path.Combine(folder.Path, "bin", "run.sh"), (UnixFileMode)0b111_101_101);

        (PackageInfo first, long sent) = await folder.PublishAsync(console, "shop.web", "1.0.0", needs: "base=^1.0");
        folder.With("bin/run.sh", "echo two");
        (PackageInfo second, long again) = await folder.PublishAsync(console, "shop.web", "1.1.0", needs: "base=^1.0");

        Assert.Equal(("shop.web", "1.0.0", "script", 3, large.Length + 8L), (first.Name, first.Version, first.Kind, first.Files, first.Size));
        Assert.Equal("base ^1.0", Assert.Single(first.Dependencies).ToString());
        Assert.InRange(sent, large.Length, large.Length + 4096);
        Assert.InRange(again, 8, 4096);
        Assert.Equal(["1.1.0", "1.0.0"], await VersionsAsync(console, new PackageFilter { AllVersions = true }));
        Assert.Equal(["1.1.0"], await VersionsAsync(console, new PackageFilter { Names = ["shop.*"] }));
        Assert.Equal(["1.0.0"], await VersionsAsync(console, new PackageFilter { Range = "~1.0.0" }));
        Assert.Empty(await VersionsAsync(console, new PackageFilter { Kind = "chef" }));

        string saved = Path.Combine(fleet.Root, "saved");
        await SaveAsync(console, second, saved);
        Assert.Equal(large, File.ReadAllBytes(Path.Combine(saved, "data.bin")));
        Assert.Equal("echo two", File.ReadAllText(Path.Combine(saved, "bin", "run.sh")));
        if (!OperatingSystem.IsWindows())
            Assert.Equal((UnixFileMode)0b111_101_101, File.GetUnixFileMode(Path.Combine(saved, "bin", "run.sh")));

        await fleet.RestartServerAsync();
        Assert.Equal(first.Digest, Assert.Single(await fleet.Server.Fleet.Provisioning.FindPackagesAsync(new PackageFilter { Range = "1.0.0" }, default).ToListAsync()).Digest);
    }

    [Fact]
    public async Task A_version_never_changes_and_the_same_again_is_no_error()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        using PackageFolder folder = new PackageFolder().With("run.sh", "echo one");
        (PackageInfo first, _) = await folder.PublishAsync(console, "web", "1.0.0");
        (PackageInfo same, long sent) = await folder.PublishAsync(console, "WEB", "1.0");
        Assert.Equal((first.PublishedAt, first.Digest, 0L), (same.PublishedAt, same.Digest, sent));

        folder.With("run.sh", "echo two");
        var other = await Assert.ThrowsAsync<PantryException>(() => folder.PublishAsync(console, "web", "1.0.0"));
        Assert.Equal(PantryErrorCode.PackageExists, other.Code);
        Assert.Contains("web 1.0.0 was published by 'console-", other.Message, StringComparison.Ordinal);
        Assert.Contains("with other files", other.Message, StringComparison.Ordinal);
        folder.With("run.sh", "echo one");
        Assert.Contains("another kind", (await Assert.ThrowsAsync<PantryException>(() => folder.PublishAsync(console, "web", "1.0.0", "powershell"))).Message, StringComparison.Ordinal);
        Assert.Equal(first.Digest, Assert.Single(await console.Provisioning.FindPackagesAsync(new PackageFilter(), default).ToListAsync()).Digest);
    }

    [Fact]
    public async Task A_package_with_access_lists_is_refused()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        using PackageFolder folder = new PackageFolder().With("run.sh", "echo one");
        using LocalTree read = folder.Read();
        using var tree = new LocalTree(
            FileTree.Create([read.Tree.Entries[0] with { Acl = "D:P(A;;0x1f01ff;;;S-1-5-18)" }], new FileLimits()),
            new Dictionary<string, (RootFolder, string)> { ["run.sh"] = (RootFolder.Open(folder.Path), "run.sh") }, []);
        var declaration = Pantry.Provisioning.Packages.PackageDeclaration.Create("web", "1.0.0", "script", null, []);

        PantryException refused = await Assert.ThrowsAsync<PantryException>(() => new PackagePublishing(console).PublishAsync(declaration, tree, default));

        Assert.Equal(PantryErrorCode.InvalidTree, refused.Code);
        Assert.Contains("no package keeps", refused.Message, StringComparison.Ordinal);
        Assert.Empty(await console.Provisioning.FindPackagesAsync(new PackageFilter(), default).ToListAsync());
    }

    [Fact]
    public async Task Of_two_who_publish_one_version_at_once_one_is_first_and_the_other_is_told_so()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet one = await fleet.ConnectAsync(), two = await fleet.ConnectAsync();
        for (int round = 0; round < 5; round++)
        {
            string version = $"1.0.{round}";
            using PackageFolder left = new PackageFolder().With("run.sh", $"echo left {round}"), right = new PackageFolder().With("run.sh", $"echo right {round}");
            Task<(PackageInfo Package, long)>[] both = [left.PublishAsync(one, "web", version), right.PublishAsync(two, "web", version)];
            await Task.WhenAll(both).ContinueWith(_ => { }, TaskScheduler.Default);

            (PackageInfo published, _) = await Assert.Single(both, task => task.IsCompletedSuccessfully);
            var refused = Assert.IsType<PantryException>(Assert.Single(both, task => task.IsFaulted).Exception!.InnerException);
            Assert.Equal(PantryErrorCode.PackageExists, refused.Code);
            Assert.Equal(published.Digest, Assert.Single(await one.Provisioning.FindPackagesAsync(new PackageFilter { Range = version }, default).ToListAsync()).Digest);
        }
    }

    [Fact]
    public async Task A_package_that_an_application_uses_is_removed_only_by_force_and_old_versions_that_none_uses_at_once()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        foreach (string version in (string[])["1.0.0", "1.1.0", "2.0.0"])
            await PackageFolder.PublishNewAsync(console, "base", version);
        await PackageFolder.PublishNewAsync(console, "web", "1.0.0", "base=^1.0");
        await console.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { web: '*' }\nenvironments: { old: { packages: { base: 1.0.0 } } }", default);

        PackageInfo web = Assert.Single(await console.Provisioning.FindPackagesAsync(new PackageFilter { Names = ["web"] }, default).ToListAsync());
        Assert.Equal(["shop"], web.UsedBy);
        foreach ((string name, string version) in new[] { ("web", "1.0.0"), ("base", "1.1.0"), ("base", "1.0.0") })
        {
            var refused = await Assert.ThrowsAsync<PantryException>(() => console.Provisioning.RemovePackageAsync(new RemovePackage(name, version, false), default));
            Assert.Equal(PantryErrorCode.PackageInUse, refused.Code);
            Assert.Contains("is used by the application 'shop'", refused.Message, StringComparison.Ordinal);
        }

        await console.Provisioning.RemovePackageAsync(new RemovePackage("base", "2.0.0", false), default);
        await console.Provisioning.RemovePackageAsync(new RemovePackage("base", "1.1.0", true), default);
        Assert.Equal(["1.0.0"], await VersionsAsync(console, new PackageFilter { Names = ["base"], AllVersions = true }));
        var gone = await Assert.ThrowsAsync<PantryException>(() => console.Provisioning.RemovePackageAsync(new RemovePackage("bas", "1.0.0", false), default));
        Assert.Contains("Did you mean 'base'?", gone.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_version_that_is_pinned_for_an_identity_which_is_not_enrolled_yet_is_removed_only_by_force()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        IProvisioning here = fleet.Server.Fleet.Provisioning;
        foreach (string version in (string[])["1.0.0", "1.1.0", "1.2.0", "2.0.0"])
            await PackageFolder.PublishNewAsync(fleet.Server.Fleet, "base", version);
        await here.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { base: '*' }\nidentities: { web9: { packages: { base: ^1.0 } } }", default);

        // The newest that web9 can have.
        var refused = await Assert.ThrowsAsync<PantryException>(() => here.RemovePackageAsync(new RemovePackage("base", "1.2.0", false), default));
        Assert.Equal(PantryErrorCode.PackageInUse, refused.Code);

        await here.RemovePackageAsync(new RemovePackage("base", "1.0.0", false), default);
    }

    [Fact]
    public async Task Whose_applications_use_a_package_is_told_to_those_who_may_read_them_and_the_others_are_counted()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        IFleet here = fleet.Server.Fleet;
        await PackageFolder.PublishNewAsync(here, "base", "1.0.0");
        foreach (string name in (string[])["shop", "mail", "wiki"])
            await here.Provisioning.SaveApplicationAsync(new SaveApplication(name, 0), "packages: { base: '*' }", default);
        await using RemoteFleet shop = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("shop", scopes: ["shop:Application", "*:Publish"]));
        await using RemoteFleet none = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("none", scopes: "*:Publish"));

        Assert.Equal("mail, shop, wiki and 0", await UsersAsync(here));
        Assert.Equal("shop and 2", await UsersAsync(shop));
        Assert.Equal(" and 3", await UsersAsync(none));
        Assert.Contains("is used by the applications 'mail', 'shop', 'wiki'. Change", await RefusalAsync(here), StringComparison.Ordinal);
        Assert.Contains("is used by the application 'shop' and 2 more that you may not see. Change", await RefusalAsync(shop), StringComparison.Ordinal);
        Assert.Contains("is used by 3 applications that you may not see. Change", await RefusalAsync(none), StringComparison.Ordinal);

        static async Task<string> UsersAsync(IFleet by)
        {
            PackageInfo package = Assert.Single(await by.Provisioning.FindPackagesAsync(new PackageFilter(), default).ToListAsync());
            return $"{string.Join(", ", package.UsedBy)} and {package.UsedByOthers}";
        }

        static async Task<string> RefusalAsync(IFleet by) =>
            (await Assert.ThrowsAsync<PantryException>(() => by.Provisioning.RemovePackageAsync(new RemovePackage("base", "1.0.0", false), default))).Message;
    }

    [Fact]
    public async Task A_flipped_byte_and_a_missing_piece_are_named_by_package_and_file_and_publishing_again_heals_them()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        using PackageFolder folder = new PackageFolder().With("good.txt", "good").With("bad.txt", "bad one").With("gone.txt", "gone one");
        (PackageInfo published, _) = await folder.PublishAsync(console, "web", "1.0.0");
        await PackageFolder.PublishNewAsync(console, "other", "1.0.0");
        PackageStoreCheck before = await VerifyAsync(console);
        Assert.True(before.IsIntact);
        Assert.Equal((2, 0), (before.Packages, before.Problems.Count));

        string blobs = Path.Combine(fleet.Server.Configuration.Path, "files", "blobs");
        string damaged = BlobOf(blobs, "bad one"), missing = BlobOf(blobs, "gone one");
        File.WriteAllText(damaged, "Bad one");
        File.Delete(missing);

        PackageStoreCheck check = await VerifyAsync(console);
        Assert.False(check.IsIntact);
        Assert.Equal(["web 1.0.0, bad.txt", "web 1.0.0, gone.txt"], check.Problems.Select(problem => problem.ToString()[..problem.ToString().IndexOf(':', StringComparison.Ordinal)]).Order());
        await Assert.ThrowsAsync<PantryException>(async () => await SaveAsync(console, published, Path.Combine(fleet.Root, "saved")));
        Assert.False(File.Exists(Path.Combine(fleet.Root, "saved", "bad.txt")));

        (_, long sent) = await folder.PublishAsync(console, "web", "1.0.0");
        Assert.Equal("bad one".Length + "gone one".Length, sent);
        Assert.True((await VerifyAsync(console)).IsIntact);
    }

    [Fact]
    public async Task Content_goes_when_no_package_has_it_any_more_and_never_before()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        IFleet here = fleet.Server.Fleet;
        using PackageFolder folder = new PackageFolder().With("shared.txt", "shared").With("one.txt", "only one");
        await folder.PublishAsync(here, "one", "1.0.0");
        File.Delete(Path.Combine(folder.Path, "one.txt"));
        await folder.PublishAsync(here, "two", "1.0.0");
        await here.Provisioning.RemovePackageAsync(new RemovePackage("one", "1.0.0", false), default);
        string blobs = Path.Combine(fleet.Server.Configuration.Path, "files", "blobs");

        // What was brought lately stays, whoever wants it.
        Assert.Equal((0, 0), Collect());
        foreach (string file in Directory.EnumerateFiles(blobs, "*", SearchOption.AllDirectories))
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-30));
        (long count, _) = Collect();

        Assert.Equal(2, count); // The file, and the list of the files it was in.
        Assert.True(File.Exists(BlobOf(blobs, "shared")));
        Assert.False(File.Exists(BlobOf(blobs, "only one")));
        Assert.True((await VerifyAsync(here)).IsIntact);

        // What cannot be known is not taken for unused.
        string manifest = BlobOf(blobs, Assert.Single(await here.Provisioning.FindPackagesAsync(new PackageFilter(), default).ToListAsync()).Digest, isHash: true);
        File.WriteAllText(manifest, "nonsense");
        await here.Provisioning.VerifyPackagesAsync(default).ToListAsync(); // It is put aside.
        Assert.Equal((0, 0), Collect());
        Assert.True(File.Exists(BlobOf(blobs, "shared")));

        (long Count, long Bytes) Collect()
        {
            fleet.Server.Files.Register.Forget(DateTimeOffset.UtcNow.AddDays(1), _ => false);
            return fleet.Server.Files.Collect(_ => false);
        }
    }

    [Fact]
    public async Task Operators_see_and_publish_what_their_scopes_say_and_each_refusal_is_written_down()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        PackageInfo known = await PackageFolder.PublishNewAsync(fleet.Server.Fleet, "base", "1.0.0");
        await using RemoteFleet stranger = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("stranger", scopes: "*:Shell"));
        await using RemoteFleet reader = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("reader", scopes: "shop.live:Provision"));
        await using RemoteFleet publisher = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("publisher", scopes: "shop:Publish"));

        await OutOfScopeAsync(() => stranger.Provisioning.FindPackagesAsync(new PackageFilter(), default).ToListAsync().AsTask());
        await OutOfScopeAsync(() => SaveAsync(stranger, known, Path.Combine(fleet.Root, "stolen")));
        await OutOfScopeAsync(() => PackageFolder.PublishNewAsync(stranger, "evil", "1.0.0"));
        using (PackageFolder folder = new PackageFolder().With("run.sh", "echo"))
        using (LocalTree files = folder.Read())
            await OutOfScopeAsync(() => reader.Trees.SendAsync(files, null, null, null, default));
        await SaveAsync(reader, known, Path.Combine(fleet.Root, "saved"));
        await OutOfScopeAsync(() => reader.Provisioning.VerifyPackagesAsync(default).ToListAsync().AsTask());
        Assert.Equal(["1.0.0"], await VersionsAsync(reader, new PackageFilter()));
        await PackageFolder.PublishNewAsync(publisher, "shop.web", "1.0.0");
        await PackageFolder.PublishNewAsync(publisher, "shop", "1.0.0");
        await OutOfScopeAsync(() => PackageFolder.PublishNewAsync(publisher, "shopping", "1.0.0"));
        await OutOfScopeAsync(() => publisher.Provisioning.RemovePackageAsync(new RemovePackage("base", "1.0.0", false), default));
        // Force is about others' applications.
        await fleet.Server.Fleet.Provisioning.SaveApplicationAsync(new SaveApplication("mail", 0), "packages: { shop: '*' }", default);
        await OutOfScopeAsync(() => publisher.Provisioning.RemovePackageAsync(new RemovePackage("shop", "1.0.0", true), default));
        await publisher.Provisioning.RemovePackageAsync(new RemovePackage("shop.web", "1.0.0", false), default);

        await fleet.Server.AuditLog.FlushAsync();
        List<AuditEntry> log = await fleet.Server.Fleet.FindAuditAsync(new AuditFilter { Action = "Package*" }, default).ToListAsync();
        Assert.Equal(6, log.Count(entry => entry.Outcome == "OutOfScope"));
        Assert.Equal(["base 1.0.0", "shop 1.0.0", "shop.web 1.0.0"], log.Where(entry => entry is { Action: "PackagePublished", Outcome: "Done" }).Select(entry => entry.Target!).Order());
        Assert.Equal("shop.web 1.0.0", Assert.Single(log, entry => entry is { Action: "PackageRemoved", Outcome: "Done" }).Target);
    }

    [Fact]
    public async Task A_client_may_have_the_files_of_its_plan_in_those_versions_and_nothing_else()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        IFleet here = fleet.Server.Fleet;
        PackageInfo old = await PackageFolder.PublishNewAsync(here, "base", "1.0.0"), now = await PackageFolder.PublishNewAsync(here, "base", "1.1.0");
        PackageInfo web = await PackageFolder.PublishNewAsync(here, "web", "1.0.0", "base=^1.0"), mail = await PackageFolder.PublishNewAsync(here, "mail", "1.0.0");
        await here.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "roles: { web: { packages: { web: '*' } } }", default);
        await here.Provisioning.SaveApplicationAsync(new SaveApplication("mail", 0), "packages: { mail: '*' }", default);
        PackageAccess access = fleet.Server.Provisioning.Access;

        Assert.Equal([true, true, false, false], May("shop", "web"));
        Assert.Equal([false, false, false, false], May("shop", "db"));
        Assert.Equal([false, false, false, true], May("mail", "web"));
        Assert.Equal([false, false, false, false], May("other", "web"));
        Assert.Equal([false, false, false, false], May(null, "web"));
        await here.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 1), "packages: { base: 1.0.0 }", default);
        Assert.Equal([false, false, true, false], May("shop", "web"));

        bool[] May(string? application, string role) =>
        [
            .. new[] { web, now, old, mail }.Select(package =>
            {
                _ = ContentHash.TryParse(package.Digest, out ContentHash digest);
                return access.MayRead(ClientLabels.Create("host1", application, "live", [role]), digest);
            }),
        ];
    }

    [Fact]
    public async Task A_package_that_the_audit_log_or_the_disk_cannot_have_is_not_published_and_can_be_tried_again()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using PackageFolder folder = new PackageFolder().With("run.sh", "echo one");
        await fleet.Server.AuditLog.FlushAsync();
        using (new BrokenDisk(fleet, "INSERT ON audit"))
            Assert.Equal(PantryErrorCode.StorageFailed, (await Assert.ThrowsAsync<PantryException>(() => folder.PublishAsync(fleet.Server.Fleet, "web", "1.0.0"))).Code);
        await fleet.Server.AuditLog.FlushAsync();
        Assert.Empty(await VersionsAsync(fleet.Server.Fleet, new PackageFilter()));

        using (new BrokenDisk(fleet, "INSERT ON packages", ProvisioningDatabase.FileName))
            Assert.Equal(PantryErrorCode.StorageFailed, (await Assert.ThrowsAsync<PantryException>(() => folder.PublishAsync(fleet.Server.Fleet, "web", "1.0.0"))).Code);
        await fleet.Server.AuditLog.FlushAsync();
        Assert.Equal(["Failed", "Done"], await fleet.Server.Fleet.FindAuditAsync(new AuditFilter { Action = "PackagePublished" }, default).Select(entry => entry.Outcome).ToListAsync());

        Assert.Equal(0, (await folder.PublishAsync(fleet.Server.Fleet, "web", "1.0.0")).Sent);
    }

    [Fact]
    public async Task What_is_no_package_is_refused()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        string digest = new('a', 64);
        foreach ((PublishPackage request, PantryErrorCode code) in new[]
        {
            (new PublishPackage("../x", "1.0.0", "script", null, [], digest), PantryErrorCode.InvalidName),
            (new PublishPackage("aux", "1.0.0", "script", null, [], digest), PantryErrorCode.InvalidName),
            (new PublishPackage("com1.x", "1.0.0", "script", null, [], digest), PantryErrorCode.InvalidName),
            (new PublishPackage("x", "1.0.0", "script", null, [new PackageDependency("Con", "*")], digest), PantryErrorCode.InvalidName),
            (new PublishPackage("x", "one", "script", null, [], digest), PantryErrorCode.InvalidArgument),
            (new PublishPackage("x", "1.0.0", "", null, [], digest), PantryErrorCode.InvalidArgument),
            (new PublishPackage("x", "1.0.0", "script", null, [new PackageDependency("y", "?")], digest), PantryErrorCode.InvalidArgument),
            (new PublishPackage("x", "1.0.0", "script", null, [.. Enumerable.Range(0, 300).Select(number => new PackageDependency($"y{number}", "*"))], digest), PantryErrorCode.InvalidArgument),
            (new PublishPackage("x", "1.0.0", "script", null, [], "../../etc/passwd"), PantryErrorCode.InvalidArgument),
        })
        {
            Assert.Equal(code, (await Assert.ThrowsAsync<PantryException>(() => console.Provisioning.PublishAsync(request, default))).Code);
        }

        // Files that nobody has brought.
        Assert.Null(await console.Provisioning.PublishAsync(new PublishPackage("x", "1.0.0", "script", null, [], digest), default));
    }

    private static async Task OutOfScopeAsync(Func<Task> ask) => Assert.Equal(PantryErrorCode.OutOfScope, (await Assert.ThrowsAsync<PantryException>(ask)).Code);

    private static async Task<List<string>> VersionsAsync(IFleet fleet, PackageFilter filter) =>
        await fleet.Provisioning.FindPackagesAsync(filter, default).Select(package => package.Version).ToListAsync();

    private static async Task SaveAsync(RemoteFleet fleet, PackageInfo package, string path)
    {
        _ = ContentHash.TryParse(package.Digest, out ContentHash digest);
        await using IOpenedTree opened = await fleet.Trees.OpenAsync(digest, null, null, default);
        await new TreeWriter(Options.Files).WriteAsync(opened.Tree, path, opened, default);
    }

    private static async Task<PackageStoreCheck> VerifyAsync(IFleet fleet)
    {
        List<PackagesVerified> pages = await fleet.Provisioning.VerifyPackagesAsync(default).ToListAsync();
        return pages[^1].Check with { Problems = [.. pages.SelectMany(page => page.Check.Problems)] };
    }

    private static string BlobOf(string blobs, string text, bool isHash = false)
    {
        string hash = isHash ? text : ContentHash.Of(System.Text.Encoding.UTF8.GetBytes(text)).ToString();
        return Path.Combine(blobs, hash[..2], hash[2..]);
    }
}
