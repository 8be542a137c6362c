using System.Text;
using Pantry.Client;
using Pantry.Configuration;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Security;
using Pantry.Transport;

namespace Pantry.Tests.Fuzzing;

/// <summary>Files and texts that somebody was given: damaged ones are refused with a reason.</summary>
[Collection(nameof(FuzzRun))]
public sealed class FileFuzzTests : IDisposable
{
    private readonly string _folder = TestDirectory.Create();
    private readonly CurveKeyPair _pair = CurveKeyPair.Generate();
    private readonly SigningKey _signing = SigningKey.Generate();

    public void Dispose()
    {
        _pair.Dispose();
        _signing.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void An_enrolments_file_is_taken_or_refused()
    {
        string file = Path.Combine(_folder, "enrollment.json");
        EnrollmentFile.Save(file, Enrollment);
        FuzzRun.Run(
            (damaged, _) =>
            {
                File.WriteAllBytes(file, damaged);
                Enrollment enrollment = EnrollmentFile.Load(file, DateTimeOffset.UnixEpoch);
                PublicKey.Parse(enrollment.ServerPublicKey, "key");
                VerifyKey.Parse(enrollment.RootPublicKey);
                CurveKeyPair.TryParseSecret(enrollment.SecretKey)?.Dispose();
                return true;
            },
            File.ReadAllBytes(file));
    }

    [Fact]
    public void An_operators_file_is_taken_or_refused()
    {
        string file = Path.Combine(_folder, "operator.json");
        OperatorFile.Save(file, new OperatorCredentials
        {
            Name = "alice",
            Address = "127.0.0.1",
            ReceivePort = 23002,
            ServerPublicKey = _pair.PublicKey.ToString(),
            Network = "network",
            SessionKey = Z85.Encode(_pair.Secret),
            SigningKey = _signing.ToPem(null),
        });
        FuzzRun.Run(
            (damaged, _) =>
            {
                File.WriteAllBytes(file, damaged);
                OperatorCredentials credentials = OperatorFile.Load(file);
                PublicKey.Parse(credentials.ServerPublicKey, "key");
                CurveKeyPair.TryParseSecret(credentials.SessionKey)?.Dispose();
                return true;
            },
            File.ReadAllBytes(file));
    }

    [Theory]
    [InlineData("trust.json")]
    [InlineData("bundle.json")]
    [InlineData("client.key")]
    public void A_clients_home_with_a_damaged_file_opens_or_is_refused(string name)
    {
        string path = Path.Combine(_folder, "home");
        using (ClientHome home = ClientHome.Open(path))
        {
            home.Save(new ClientTrust(_pair.PublicKey.ToString(), "network", _signing.PublicKey.ToString(), Labels, "enrollment"));
            home.Accept(SignedBundle.Sign(new TrustBundle("network", 1, DateTimeOffset.UnixEpoch, []), _signing).ToBytes());
        }

        string file = Path.Combine(path, name);
        FuzzRun.Run(
            (damaged, _) =>
            {
                File.WriteAllBytes(file, damaged);
                ClientHome.Open(path).Dispose();
                return true;
            },
            FuzzRun.BytesOfByte,
            [File.ReadAllBytes(file)],
            Fuzz.Costly);
    }

    [Fact]
    public void An_audit_checkpoint_is_one_or_none()
    {
        byte[] good = AuditCheckpoint.Sign("network", 7, new byte[32], DateTimeOffset.UnixEpoch, _signing).ToBytes();
        FuzzRun.Run((damaged, _) => AuditCheckpoint.TryParse(damaged)?.IsSignedBy(_signing.PublicKey) is not null, good);
    }

    [Fact]
    public void Keys_addresses_names_and_patterns_as_text_are_taken_or_refused()
    {
        byte[][] good = [.. ((string[])[_pair.PublicKey.ToString(), "127.0.0.1:23002", "[::1]:23002", "app.host", "shop.test.web", "web[0-9]*"]).Select(Encoding.UTF8.GetBytes)];
        Action<string>[] readers =
        [
            text => PublicKey.Parse(text, "key"), text => Addresses.Parse(text, 1), text => ClientLabels.Create(text, null, null, null),
            text => ClientLabels.Create("host", text, text, [text]), text => new NamePattern(text).Matches("web7"), text => CurveKeyPair.TryParseSecret(text)?.Dispose(),
        ];
        FuzzRun.Run(
            (damaged, _) =>
            {
                string text = Encoding.UTF8.GetString(damaged);
                int taken = 0;
                foreach (Action<string> read in readers)
                {
                    try
                    {
                        read(text);
                        taken++;
                    }
                    catch (PantryException)
                    {
                        // The next reader may take it.
                    }
                }

                return taken > 0;
            },
            good);
    }

    private static ClientLabels Labels => ClientLabels.Create("host", "shop", "test", ["web"]);

    private Enrollment Enrollment => new()
    {
        Id = "e1",
        Identity = "host",
        Application = "shop",
        Environment = "test",
        Roles = ["web"],
        Address = "127.0.0.1",
        PublishPort = 23001,
        ReceivePort = 23002,
        FilePort = 23003,
        ServerPublicKey = _pair.PublicKey.ToString(),
        RootPublicKey = _signing.PublicKey.ToString(),
        Network = "network",
        PublicKey = _pair.PublicKey.ToString(),
        SecretKey = Z85.Encode(_pair.Secret),
        CreatedAt = DateTimeOffset.UnixEpoch,
        ExpiresAt = DateTimeOffset.UnixEpoch.AddDays(1),
    };
}
