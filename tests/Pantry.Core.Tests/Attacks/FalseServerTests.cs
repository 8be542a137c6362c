using Pantry.Client;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Attacks;

/// <summary>What a server cannot make of a client: another name, other labels, another root of trust.</summary>
public sealed class FalseServerTests : IDisposable
{
    private readonly string _root = TestDirectory.Create();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("victim", "shop", "production", null)]
    [InlineData("web1", "bank", "production", null)]
    [InlineData("web1", "shop", null, null)]
    [InlineData("web1", null, null, null)]
    [InlineData("web1", "shop", "production", "db")]
    public async Task An_enrolment_makes_nothing_else_of_a_client_than_it_says(string identity, string? application, string? environment, string? role)
    {
        using SigningKey root = SigningKey.Generate();
        await using var server = new FalseServer(CurveKeyPair.Generate(), "fleet", message => Answer(
            message, ClientLabels.Create(identity, application, environment, role is null ? [] : [role]), root));

        PantryException error = await Assert.ThrowsAsync<PantryException>(() => StartAsync(server, root, Enrolled(server, root)));

        Assert.Equal(PantryErrorCode.ServerKeyMismatch, error.Code);
        Assert.DoesNotContain(server.Heard, message => message.Kind == MessageKind.Register);
    }

    [Fact]
    public async Task An_enrolment_of_another_root_key_than_the_servers_is_refused()
    {
        using SigningKey root = SigningKey.Generate(), other = SigningKey.Generate();
        await using var server = new FalseServer(CurveKeyPair.Generate(), "fleet", message => Answer(message, ClientLabels.Create("web1", "shop", "production", []), other));

        Assert.Equal(PantryErrorCode.ServerKeyMismatch, (await Assert.ThrowsAsync<PantryException>(() => StartAsync(server, root, Enrolled(server, root)))).Code);
    }

    [Theory]
    [InlineData("victim", null)]
    [InlineData("web1", "bank")]
    [InlineData("web1", null, "production")]
    public async Task Approval_makes_nothing_else_of_a_client_than_it_claims(string identity, string? application, string? environment = null)
    {
        using SigningKey root = SigningKey.Generate();
        await using var server = new FalseServer(CurveKeyPair.Generate(), "fleet", message => Answer(message, ClientLabels.Create(identity, application, environment, []), root));

        PantryException error = await Assert.ThrowsAsync<PantryException>(() => StartAsync(
            server, root, enrollment: null, ClientLabels.Create("web1", application is null ? null : "shop", null, [])));

        Assert.Equal(PantryErrorCode.ServerKeyMismatch, error.Code);
    }

    [Theory]
    [InlineData("shop", null, "", "bank", "production", "web", false)]
    [InlineData("shop", null, "", null, "production", "web", false)]
    [InlineData("shop", null, "", null, null, "", false)]
    [InlineData(null, null, "web", null, null, "", false)]
    [InlineData(null, null, "web", "shop", null, "", false)]
    [InlineData(null, null, "web", "shop", null, "web db", false)]
    [InlineData(null, "production", "", "shop", "test", "", false)]
    [InlineData("shop", null, "", "shop", "production", "web", true)]
    [InlineData(null, null, "web db", "shop", "production", "web", true)]
    [InlineData(null, null, "", "shop", null, "", true)]
    public async Task With_a_token_the_servers_word_counts_for_what_the_client_leaves_unsaid_and_for_nothing_else(
        string? application, string? environment, string roles, string? givenApplication, string? givenEnvironment, string givenRoles, bool taken)
    {
        using SigningKey root = SigningKey.Generate();
        await using var server = new FalseServer(CurveKeyPair.Generate(), "fleet", message => Answer(
            message, ClientLabels.Create("web1", givenApplication, givenEnvironment, givenRoles.Split(' ')), root));
        Task<ClientAgent> starting = StartAsync(
            server, root, enrollment: null, ClientLabels.Create("web1", application, environment, roles.Split(' ')), token: EnrollmentSecret.New(root.PublicKey));

        if (taken)
        {
            await using ClientAgent client = await starting;
            Assert.Equal((givenApplication, givenEnvironment, givenRoles), (client.Labels.Application, client.Labels.Environment, string.Join(' ', client.Labels.Roles)));
        }
        else
        {
            Assert.Equal(PantryErrorCode.ServerKeyMismatch, (await Assert.ThrowsAsync<PantryException>(() => starting)).Code);
        }
    }

    [Fact]
    public async Task A_client_that_was_let_in_stays_what_it_is_whatever_the_server_says_later()
    {
        using SigningKey root = SigningKey.Generate(), other = SigningKey.Generate();
        string home = Path.Combine(_root, "kept");
        bool lies = false;
        await using var server = new FalseServer(CurveKeyPair.Generate(), "fleet", message => Answer(
            message, lies ? ClientLabels.Create("victim", null, null, []) : ClientLabels.Create("web1", "shop", "production", []), lies ? other : root));
        Enrollment enrollment = Enrolled(server, root);
        await using (ClientAgent first = await StartAsync(server, root, enrollment, home: home))
            Assert.Equal("web1", first.Labels.Identity);

        lies = true;
        await using ClientAgent again = await StartAsync(server, root, enrollment, home: home);

        Assert.Equal(("web1", "shop", "production"), (again.Labels.Identity, again.Labels.Application, again.Labels.Environment));
        ClientTrust kept = System.Text.Json.JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(home, "trust.json")), ClientHomeJson.Default.ClientTrust)!;
        Assert.Equal(root.PublicKey.ToString(), kept.RootKey);
    }

    [Fact]
    public async Task A_server_with_another_key_learns_nothing_but_that_somebody_knocked()
    {
        using SigningKey root = SigningKey.Generate();
        await using var server = new FalseServer(CurveKeyPair.Generate(), "fleet", message => Answer(message, ClientLabels.Create("web1", "shop", "production", []), root));
        using CurveKeyPair real = CurveKeyPair.Generate();

        PantryException error = await Assert.ThrowsAsync<PantryException>(() => StartAsync(
            server, root, Enrolled(server, root) with { ServerPublicKey = real.PublicKey.ToString() }));

        Assert.Contains(error.Code, (PantryErrorCode[])[PantryErrorCode.ServerKeyMismatch, PantryErrorCode.Refused]);
        Assert.Empty(server.Heard);
    }

    [Fact]
    public async Task Orders_that_need_a_bundle_which_never_comes_are_answered_and_make_a_client_ask_but_seldom()
    {
        using SigningKey root = SigningKey.Generate();
        var labels = ClientLabels.Create("web1", "shop", "production", []);
        int beats = 0;
        await using var server = new FalseServer(CurveKeyPair.Generate(), "fleet", message => message.Kind == MessageKind.Heartbeat
            // Each order comes twice.
            ? new Message(MessageKind.Order, new Order($"job-{beats++ / 2}", 1, true, [], long.MaxValue, null)) { Bodies = ["{}"u8.ToArray(), [], []] }
            : Answer(message, labels, root));
        await using ClientAgent client = await StartAsync(
            server, root, Enrolled(server, root), options: new PantryOptions { HeartbeatInterval = TimeSpan.FromMilliseconds(50), BundleRetry = TimeSpan.FromHours(1) });

        await Fleet.EventuallyAsync(() => server.Heard.Count(message => message.Kind == MessageKind.Result) >= 10, "ten orders to be answered");

        Assert.All(server.Heard.Where(message => message.Kind == MessageKind.Result), message => Assert.Equal(CommandStatus.Denied, message.HeadAs<Result>().Status));
        Assert.Equal(2, server.Heard.Count(message => message.Kind == MessageKind.Register));
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(100, false)]
    public async Task A_refusal_that_names_no_reason_is_asked_about_again_and_believed_when_it_stays(int refused, bool comesIn)
    {
        using SigningKey root = SigningKey.Generate();
        await using var server = new FalseServer(
            CurveKeyPair.Generate(), "fleet", message => Answer(message, ClientLabels.Create("web1", "shop", "production", []), root), refused);
        Task<ClientAgent> starting = StartAsync(server, root, enrollment: null, ClientLabels.Create("web1", "shop", "production", []));

        if (comesIn)
        {
            await using ClientAgent client = await starting;
            Assert.Equal(RegistrationStatus.Approved, client.Registration);
        }
        else
        {
            Assert.Equal(PantryErrorCode.Refused, (await Assert.ThrowsAsync<PantryException>(() => starting)).Code);
        }
    }

    private static Message? Answer(Message message, ClientLabels labels, SigningKey root) => message.Head switch
    {
        Redeem => new Message(MessageKind.Redeemed, new Redeemed(labels, root.PublicKey.Bytes.ToArray())),
        Register => new Message(MessageKind.Registered, new Registered(
            RegistrationStatus.Approved, labels, [], 0, 0.05, 15, "1", DateTimeOffset.UtcNow, root.PublicKey.Bytes.ToArray())),
        Leave => message,
        _ => null,
    };

    private static Enrollment Enrolled(FalseServer server, SigningKey root)
    {
        using CurveKeyPair pair = CurveKeyPair.Generate();
        return new Enrollment
        {
            Id = Guid.NewGuid().ToString("N"),
            Identity = "web1",
            Application = "shop",
            Environment = "production",
            Roles = ["web"],
            Address = server.Address.Host,
            PublishPort = server.Address.PublishPort,
            ReceivePort = server.Address.ReceivePort,
            FilePort = 0,
            ServerPublicKey = server.PublicKey.ToString(),
            RootPublicKey = root.PublicKey.ToString(),
            Network = "fleet",
            PublicKey = pair.PublicKey.ToString(),
            SecretKey = Z85.Encode(pair.Secret),
            CreatedAt = DateTimeOffset.UtcNow,
            ExpiresAt = DateTimeOffset.UtcNow.AddHours(1),
        };
    }

    private Task<ClientAgent> StartAsync(
        FalseServer server, SigningKey root, Enrollment? enrollment, ClientLabels? labels = null, string? home = null, string? token = null, PantryOptions? options = null) =>
        ClientAgent.StartAsync(new ClientConfiguration
        {
            Server = server.Address,
            ServerKey = enrollment is null ? server.PublicKey : null,
            RootKey = root.PublicKey,
            Labels = labels ?? ClientLabels.Create("web1", "shop", "production", []),
            Path = home ?? Path.Combine(_root, "client"),
            Enrollment = enrollment,
            Token = token,
        }, options: options);
}
