using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Provisioning;

/// <summary>Applications from a console elsewhere: each change is a revision of its own, and none is lost to another.</summary>
public sealed class ApplicationTests
{
    private const string First = "description: The web shop\npackages: { web: ^1.0 }\n", Second = "packages: { web: ^2.0 }\n";

    [Fact]
    public async Task Parameters_that_differ_only_in_case_are_warned_of_in_whichever_layers_they_are()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ApplicationSaved saved = await fleet.Server.Fleet.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "parameters: { Port: 1, ntp: { A: 1 }, same: 1 }\nenvironments: { live: { parameters: { port: 2, ntp: { a: 2 }, same: 2 } } }\n", default);
        Assert.Equal(2, saved.Warnings.Count);
        Assert.StartsWith("The parameters 'Port' and 'port' differ only in upper and lower case.", saved.Warnings[0], StringComparison.Ordinal);
        Assert.StartsWith("The parameters 'ntp.A' and 'ntp.a' ", saved.Warnings[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_change_is_a_revision_with_who_and_when_and_an_earlier_one_can_be_brought_back()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        IProvisioning there = console.Provisioning;
        DateTimeOffset before = DateTimeOffset.UtcNow.AddSeconds(-1);

        ApplicationSaved made = await there.SaveApplicationAsync(new SaveApplication("shop", 0), First, default);
        Assert.Equal(("shop", 1, ApplicationChange.Created, "The web shop"), (made.Application.Name, made.Application.Revision, made.Application.Change, made.Application.Description));
        Assert.Contains("There is no package 'web' yet", Assert.Single(made.Warnings), StringComparison.Ordinal);
        await PackageFolder.PublishNewAsync(console, "web", "1.0.0");
        ApplicationSaved changed = await there.SaveApplicationAsync(new SaveApplication("SHOP", 1), Second, default);
        Assert.Equal(("shop", 2, 0), (changed.Application.Name, changed.Application.Revision, changed.Warnings.Count));
        Assert.Equal(2, (await there.SaveApplicationAsync(new SaveApplication("shop", 2), Second, default)).Application.Revision);
        ApplicationSaved restored = await there.SaveApplicationAsync(new SaveApplication("shop", 2, Restores: 1), "", default);
        Assert.Equal((3, ApplicationChange.Restored), (restored.Application.Revision, restored.Application.Change));
        ApplicationInfo removed = await there.RemoveApplicationAsync(new RemoveApplication("shop", 3), default);
        Assert.Equal((4, ApplicationChange.Removed), (removed.Revision, removed.Change));
        Assert.Empty(await there.FindApplicationsAsync(new ApplicationFilter(), default).ToListAsync());

        await fleet.RestartServerAsync();
        there = fleet.Server.Fleet.Provisioning;
        List<ApplicationInfo> history = await there.FindApplicationsAsync(new ApplicationFilter { Names = ["sh*"], History = true }, default).ToListAsync();
        Assert.Equal([4, 3, 2, 1], history.Select(revision => revision.Revision));
        Assert.All(history, revision => Assert.StartsWith("console-", revision.ChangedBy, StringComparison.Ordinal));
        Assert.All(history, revision => Assert.InRange(revision.ChangedAt, before, DateTimeOffset.UtcNow.AddSeconds(1)));
        Assert.Equal(First, (await there.ReadApplicationAsync("shop", 3, default)).Document);
        Assert.Equal(Second, (await there.ReadApplicationAsync("shop", 2, default)).Document);

        // What was removed can be brought back, or be made anew, and its history goes on.
        Assert.Equal(5, (await there.SaveApplicationAsync(new SaveApplication("shop", 4, Restores: 2), "", default)).Application.Revision);
        await there.RemoveApplicationAsync(new RemoveApplication("shop", 5), default);
        Assert.Equal((7, ApplicationChange.Created), (await there.SaveApplicationAsync(new SaveApplication("shop", 0), First, default)).Application is var again ? (again.Revision, again.Change) : default);
        Assert.Equal(First, (await there.ReadApplicationAsync("shop", null, default)).Document);
        await fleet.Server.AuditLog.FlushAsync();
        Assert.Equal(["ApplicationCreated", "ApplicationRemoved", "ApplicationRestored", "ApplicationRemoved", "ApplicationRestored", "ApplicationChanged", "ApplicationCreated"],
            await fleet.Server.Fleet.FindAuditAsync(new AuditFilter { Action = "Application*" }, default).Select(entry => entry.Action).ToListAsync());
    }

    [Fact]
    public async Task A_change_of_what_another_has_changed_meanwhile_is_refused_with_who_that_was()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        IProvisioning there = fleet.Server.Fleet.Provisioning;
        await there.SaveApplicationAsync(new SaveApplication("shop", 0), First, default);
        Task<ApplicationSaved>[] all = [.. Enumerable.Range(0, 8).Select(number => there.SaveApplicationAsync(new SaveApplication("shop", 1), $"packages: {{ web: {number}.0.0 }}", default))];
        await Task.WhenAll(all).ContinueWith(_ => { }, TaskScheduler.Default);

        Assert.Equal(1, all.Count(task => task.IsCompletedSuccessfully));
        foreach (Task<ApplicationSaved> late in all.Where(task => task.IsFaulted))
        {
            var refused = Assert.IsType<PantryException>(late.Exception!.InnerException);
            Assert.Equal(PantryErrorCode.ApplicationChanged, refused.Code);
            Assert.Contains("was changed by 'local' at ", refused.Message, StringComparison.Ordinal);
            Assert.Contains("it is in revision 2, and this change begins from revision 1", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal(PantryErrorCode.ApplicationExists, (await Assert.ThrowsAsync<PantryException>(() => there.SaveApplicationAsync(new SaveApplication("shop", 0), First, default))).Code);
        Assert.Equal(PantryErrorCode.ApplicationChanged, (await Assert.ThrowsAsync<PantryException>(() => there.RemoveApplicationAsync(new RemoveApplication("shop", 1), default))).Code);
        Assert.Equal(PantryErrorCode.NoMatchingApplication, (await Assert.ThrowsAsync<PantryException>(() => there.SaveApplicationAsync(new SaveApplication("shop", 2, Restores: 9), "", default))).Code);
        Assert.Equal(PantryErrorCode.NoMatchingApplication, (await Assert.ThrowsAsync<PantryException>(() => there.ReadApplicationAsync("mail", null, default))).Code);
        Assert.Equal(PantryErrorCode.NoMatchingApplication, (await Assert.ThrowsAsync<PantryException>(() => there.SaveApplicationAsync(new SaveApplication("mail", 3), First, default))).Code);
        Assert.Equal(PantryErrorCode.InvalidName, (await Assert.ThrowsAsync<PantryException>(() => there.SaveApplicationAsync(new SaveApplication("a.b", 0), First, default))).Code);
        var wrong = await Assert.ThrowsAsync<PantryException>(() => there.SaveApplicationAsync(new SaveApplication("shop", 2), "packges: {}", default));
        Assert.Equal("shop.yaml:1:1: there is no key 'packges'. Did you mean 'packages'?", wrong.Message);
        Assert.Equal(2, (await there.ReadApplicationAsync("shop", null, default)).Revision);
    }

    [Fact]
    public async Task Of_a_long_history_the_oldest_revisions_go_and_that_is_written_down()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { Provisioning = new ProvisioningLimits { RevisionsOfEach = 3 } });
        IProvisioning there = fleet.Server.Fleet.Provisioning;
        for (int revision = 0; revision < 6; revision++)
            await there.SaveApplicationAsync(new SaveApplication("shop", revision), $"packages: {{ web: {revision}.0.0 }}", default);

        Assert.Equal([6, 5, 4], await RevisionsAsync(there));
        var gone = await Assert.ThrowsAsync<PantryException>(() => there.SaveApplicationAsync(new SaveApplication("shop", 6, Restores: 3), "", default));
        Assert.Equal(PantryErrorCode.NoMatchingApplication, gone.Code);
        await there.SaveApplicationAsync(new SaveApplication("shop", 6, Restores: 4), "", default);
        await there.RemoveApplicationAsync(new RemoveApplication("shop", 7), default);
        Assert.Equal([8, 7, 6], await RevisionsAsync(there));
        await fleet.Server.AuditLog.FlushAsync();
        List<AuditEntry> written = await fleet.Server.Fleet.FindAuditAsync(new AuditFilter { Action = "ApplicationHistoryRemoved" }, default).ToListAsync();
        Assert.Equal(5, written.Count);
        Assert.All(written, entry => Assert.Equal(("server", "shop", "Done"), (entry.Actor, entry.Target, entry.Outcome)));
        Assert.Equal(Enumerable.Range(1, 5).Select(number => $"{{\"first\":{number},\"last\":{number},\"count\":1}}"), written.Select(entry => entry.Detail).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Of_documents_that_are_too_large_together_the_oldest_go_and_what_stands_stays()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { Provisioning = new ProvisioningLimits { AllRevisionsBytes = 5_000 } });
        IProvisioning there = fleet.Server.Fleet.Provisioning;
        string Document(int number) => $"description: '{new string((char)('a' + number), 900)}'\n";
        await there.SaveApplicationAsync(new SaveApplication("mail", 0), Document(0), default);
        for (int revision = 0; revision < 8; revision++)
            await there.SaveApplicationAsync(new SaveApplication("shop", revision), Document(revision), default);
        Assert.Equal([8, 7, 6, 5], await RevisionsAsync(there));

        // What is counted is what is there, after a restart too.
        await fleet.RestartServerAsync();
        there = fleet.Server.Fleet.Provisioning;
        await there.SaveApplicationAsync(new SaveApplication("shop", 8), Document(8), default);
        Assert.Equal([9, 8, 7, 6], await RevisionsAsync(there));
        Assert.Equal(1, (await there.ReadApplicationAsync("mail", null, default)).Revision);
    }

    [Fact]
    public async Task Operators_read_and_change_the_applications_of_their_scopes_and_no_others()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        IProvisioning here = fleet.Server.Fleet.Provisioning;
        await here.SaveApplicationAsync(new SaveApplication("shop", 0), First, default);
        await here.SaveApplicationAsync(new SaveApplication("mail", 0), Second, default);
        await using RemoteFleet editor = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("editor", scopes: "shop:Application"));
        await using RemoteFleet runner = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("runner", scopes: "shop:Provision"));
        await using RemoteFleet partial = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("partial", scopes: "shop.live:*"));

        Assert.Equal(["shop"], await NamesAsync(editor));
        Assert.Equal(["shop"], await NamesAsync(runner));
        Assert.Empty(await NamesAsync(partial));
        Assert.Equal(2, (await editor.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 1), Second, default)).Application.Revision);
        await OutOfScopeAsync(() => editor.Provisioning.SaveApplicationAsync(new SaveApplication("mail", 1), First, default));
        await OutOfScopeAsync(() => editor.Provisioning.SaveApplicationAsync(new SaveApplication("other", 0), First, default));
        await OutOfScopeAsync(() => editor.Provisioning.ReadApplicationAsync("mail", 1, default));
        await OutOfScopeAsync(() => runner.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 2), First, default));
        await OutOfScopeAsync(() => runner.Provisioning.RemoveApplicationAsync(new RemoveApplication("shop", 2), default));
        await OutOfScopeAsync(() => partial.Provisioning.ReadApplicationAsync("shop", null, default));
        Assert.Equal(Second, (await runner.Provisioning.ReadApplicationAsync("shop", null, default)).Document);
        Assert.Equal(["shop"], await editor.Provisioning.FindApplicationsAsync(new ApplicationFilter { History = true }, default).Select(revision => revision.Name).Distinct().ToListAsync());

        await fleet.Server.AuditLog.FlushAsync();
        Assert.Equal(6, await fleet.Server.Fleet.FindAuditAsync(new AuditFilter { Action = "Application*", Outcome = "OutOfScope" }, default).CountAsync());
    }

    [Fact]
    public async Task Plans_are_shown_for_clients_that_an_operator_may_provision_with_what_is_wrong_where_something_is()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        IFleet here = fleet.Server.Fleet;
        await PackageFolder.PublishNewAsync(here, "base", "1.0.0");
        await PackageFolder.PublishNewAsync(here, "web", "1.2.0", "base=*");
        await here.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { web: ^1.0 }\nparameters: { password: !secret shop-db }\nenvironments: { test: { packages: { web: ^2.0 } } }", default);
        await fleet.AddAsync("live1", "shop", "live");
        await fleet.AddAsync("test1", "shop", "test");
        await fleet.AddAsync("mail1", "mail");
        await fleet.AddAsync("lonely");
        await using RemoteFleet console = await fleet.ConnectAsync();
        await using RemoteFleet runner = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("runner", scopes: "shop.live:Provision"));

        List<PantryPlan> plans = await console.Provisioning.FindPlansAsync(new ClientFilter(), default).ToListAsync();
        Assert.Equal(["live1", "lonely", "mail1", "test1"], plans.Select(plan => plan.Client));
        PantryPlan plan = plans[0];
        Assert.Equal(("shop", 1, """{"password":{"$secret":"shop-db"}}"""), (plan.Application, plan.Revision, plan.Parameters));
        Assert.Equal([("base 1.0.0", false), ("web 1.2.0", true)], plan.Packages.Select(package => (package.ToString(), package.IsNamed)));
        Assert.Equal(["web 1.2.0 by script"], plan.Steps.Select(step => step.ToString()));
        Assert.Equal(["shop-db"], plan.Secrets);
        Assert.Equal(["NoMatchingApplication", "NoMatchingApplication", "PackageConflict"], plans.Skip(1).Select(other => other.Error?.Code));
        Assert.Contains("environment 'test' of application 'shop' needs ^2.0", plans[3].Error!.Message, StringComparison.Ordinal);

        // A client that belongs to nothing hears every stream, and so is covered by any scope of the command.
        Assert.Equal(["live1", "lonely"], await runner.Provisioning.FindPlansAsync(new ClientFilter(), default).Select(other => other.Client).ToListAsync());
    }

    private static async Task OutOfScopeAsync(Func<Task> ask) => Assert.Equal(PantryErrorCode.OutOfScope, (await Assert.ThrowsAsync<PantryException>(ask)).Code);

    private static async Task<List<int>> RevisionsAsync(IProvisioning there) =>
        await there.FindApplicationsAsync(new ApplicationFilter { Names = ["shop"], History = true }, default).Select(revision => revision.Revision).ToListAsync();

    private static async Task<List<string>> NamesAsync(RemoteFleet fleet) =>
        await fleet.Provisioning.FindApplicationsAsync(new ApplicationFilter(), default).Select(application => application.Name).ToListAsync();
}
