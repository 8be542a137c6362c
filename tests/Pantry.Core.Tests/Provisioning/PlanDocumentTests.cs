using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Protocol;
using Pantry.Provisioning.Applications;
using Pantry.Provisioning.Cache;
using Pantry.Provisioning.Provisioners;
using Pantry.Provisioning.Resolution;
using Pantry.Targeting;

namespace Pantry.Tests.Provisioning;

/// <summary>A plan as it is signed: who shares one, what it says, and what a client makes of one that is not its own.</summary>
public sealed class PlanDocumentTests
{
    private const string Text = """
        packages: { nginx: '*' }
        parameters: { port: 80, password: !secret db }
        roles: { web: { parameters: { workers: 2 } } }
        identities: { special: { parameters: { port: 81 } } }
        """;

    [Fact]
    public void Clients_that_differ_in_nothing_the_document_looks_at_share_one_and_the_same_always_gives_the_same_bytes()
    {
        PlanWriter writer = Writer();
        WrittenPlan one = writer.Write(Client("web1", "live", "web", "db")), two = writer.Write(Client("web2", "live", "db", "web"));
        Assert.Same(one, two);
        Assert.Equal(one.Bytes, Writer().Write(Client("web3", "live", "web", "db")).Bytes);
        WrittenPlan[] others = [writer.Write(Client("web1", "live", "web")), writer.Write(Client("web1", "test", "web", "db")), writer.Write(Client("special", "live", "web", "db"))];
        Assert.Equal(4, others.Append(one).Select(plan => plan.Digest).Distinct().Count());
        Assert.Equal(("special", 0), (others[2].Document.Identity, others[2].Document.Except.Count));
        Assert.Equal((null, "special"), (one.Document.Identity, Assert.Single(one.Document.Except)));
        Assert.Equal("""{"port":80,"password":{"$secret":"db"},"workers":2}""", one.Document.Parameters.ToJsonString());
        Assert.Equal(["db"], one.Document.Secrets);
    }

    [Fact]
    public void A_document_is_read_as_it_was_written_and_one_that_is_none_is_refused()
    {
        WrittenPlan written = Writer().Write(Client("web1", "live", "web"));
        WrittenPlan read = WrittenPlan.Read(written.Bytes);
        Assert.Equal(written.Digest, read.Digest);
        Assert.Equal(written.Document.Packages, read.Document.Packages);
        Assert.Equal(written.Bytes, WrittenPlan.Write(read.Document).Bytes);
        string text = Encoding.UTF8.GetString(written.Bytes);
        foreach (string wrong in (string[])["", "{}", "null", "[1]", text[..^1], text.Replace("\"format\":1", "\"format\":2", StringComparison.Ordinal), text.Replace("\"secrets\":[\"db\"]", "\"secrets\":[null]", StringComparison.Ordinal)])
            Assert.Throws<PantryException>(() => WrittenPlan.Read(Encoding.UTF8.GetBytes(wrong)));
        // What would be shown to whoever is asked, and become a path on the client, is a name.
        foreach (string name in (string[])["\"nginx\"", "\"1.2.0\"", "\"chef\"", "\"db\""])
        {
            Assert.Contains(name, text, StringComparison.Ordinal);
            foreach (string wrong in (string[])["\"\"", "\"../x\"", "\"\\u001b[2Jx\""])
                Assert.Throws<PantryException>(() => WrittenPlan.Read(Encoding.UTF8.GetBytes(text.Replace(name, wrong, StringComparison.Ordinal))));
        }
    }

    [Fact]
    public void A_document_is_for_those_whose_labels_it_names_and_for_nobody_else()
    {
        PlanDocument shared = Writer().Write(Client("web1", "live", "web")).Document, own = Writer().Write(Client("special", "live", "web")).Document;
        Assert.Null(shared.NotFor(Client("WEB9", "LIVE", "Web")));
        Assert.NotNull(shared.NotFor(Client("web1", "test", "web")));
        Assert.NotNull(shared.NotFor(Client("web1", "live")));
        Assert.NotNull(shared.NotFor(Client("web1", "live", "web", "db")));
        Assert.NotNull(shared.NotFor(ClientLabels.Create("web1", "mail", "live", ["web"])));
        Assert.NotNull(shared.NotFor(Client("special", "live", "web")));
        Assert.Null(own.NotFor(Client("Special", "live", "web")));
        Assert.NotNull(own.NotFor(Client("web1", "live", "web")));
    }

    [Fact]
    public async Task A_client_applies_no_plan_that_was_not_signed_or_is_anothers_whatever_the_server_sends()
    {
        WrittenPlan own = Writer().Write(Client("web1", "live", "web")), other = Writer().Write(Client("web1", "test", "web"));
        byte[] forged = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(own.Bytes).Replace("\"port\":80", "\"port\":66", StringComparison.Ordinal));
        Assert.Equal("PlanNotSigned", (await RunAsync(forged, own.Digest, other.Digest)).Error!.Code);
        // Signed, but for somebody else.
        CommandOutcome anothers = await RunAsync(other.Bytes, own.Digest, other.Digest);
        Assert.Equal((CommandStatus.Denied, "PlanNotMeantForUs"), (anothers.Status, anothers.Error!.Code));
        // The right one gets as far as the secret that is not there.
        Assert.Contains("needs the secret 'db'", (await Assert.ThrowsAsync<PantryException>(() => RunAsync(own.Bytes, own.Digest))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_parameter_with_a_secret_anywhere_in_it_is_secret_as_a_whole()
    {
        PlanDocument document = Writer("packages: { base: '*' }\nparameters: { a: { b: [ { c: !secret one }, 2 ] }, d: plain, e: !secret ONE }").Write(Client("web1", "live")).Document;
        var filled = PlanParameters.Fill(document.Parameters, new Dictionary<string, byte[]> { ["one"] = "v\"1"u8.ToArray() });
        Assert.Equal("""{"d":"plain"}""", filled.Plain.ToJsonString());
        Assert.Equal("v\"1", (string?)filled.Secret["a"]!["b"]![0]!["c"]);
        Assert.Equal(2, (int)filled.Secret["a"]!["b"]![1]!);
        Assert.Equal("v\"1", (string?)filled.Secret["e"]);
        Assert.Equal(["$.a.b[0].c", "$.e"], filled.SecretPlaces.Order());
    }

    private static async Task<CommandOutcome> RunAsync(byte[] sent, params string[] signed)
    {
        string home = Directory.CreateTempSubdirectory("pantry-plan-").FullName;
        try
        {
            var options = new PantryOptions();
            var command = new ProvisionCommand((_, _) => Task.FromResult(sent), new PackageCache(home, new NoTrees(), options, TimeProvider.System, NullLogger.Instance), TimeProvider.System, NullLogger.Instance);
            return await command.RunAsync(
                new CommandContext("job", ProvisionOrders.Write(new ProvisionOrder(signed)), BodyFormat.Json, new Dictionary<string, byte[]>(), null, options, () => throw new NotSupportedException())
                {
                    Home = home,
                    Client = Client("web1", "live", "web"),
                }, default);
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    private static PlanWriter Writer(string text = Text) => new(ApplicationDocument.Parse("shop", text), 1, PlanTests.Packages("base 1.0.0", "nginx 1.2.0 base=^1.0"));

    private static ClientLabels Client(string identity, string environment, params string[] roles) => ClientLabels.Create(identity, "shop", environment, roles);

    // Nothing is fetched for a plan that is refused.
    private sealed class NoTrees : ITreeExchange
    {
        public Task<long> SendAsync(LocalTree tree, string? job, ByteRate? rate, IProgress<long>? progress, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IOpenedTree> OpenAsync(ContentHash digest, string? job, ByteRate? rate, CancellationToken cancellation) => throw new NotSupportedException();
    }
}
