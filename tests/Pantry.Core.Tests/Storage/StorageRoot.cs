using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Tests.Storage;

/// <summary>A root directory of a test's own, and short words for what is put there.</summary>
internal sealed class StorageRoot : IDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public string Path { get; } = Directory.CreateTempSubdirectory("pantry-storage-").FullName;

    public string DatabaseFile => System.IO.Path.Combine(Path, ServerDatabase.FileName);

    public ServerDatabase Open() => ServerDatabase.Open(Path);

    public static PublicKey NewKey()
    {
        using var pair = CurveKeyPair.Generate();
        return pair.PublicKey;
    }

    public static ClientLabels Labels(string identity, string? application = null, params string[] roles) => ClientLabels.Create(identity, application, null, roles);

    public static ClientKey Pending(PublicKey key, ClientLabels labels) => new(key, KeyStatus.Pending, labels, Now, From: "192.0.2.1");

    public static EnrollmentGrant Enrollment(PublicKey key, string? identity = null) =>
        new($"e-{key.Fingerprint[..4]}", key, identity, "shop", "test", ["web", "db"], Now, Now.AddHours(1), "admin");

    public static TokenGrant Token(string secret, string pattern = "web*") =>
        new($"t-{secret}", TokenGrant.HashOf(secret), pattern, "shop", null, ["web", "db"], Now, Now.AddHours(1), "admin");

    /// <summary>The one approved key of an identity.</summary>
    public static ClientKey? Approved(TrustStore trust, string identity) => trust.Find(identity).SingleOrDefault(client => client.Status == KeyStatus.Approved);

    public static PantryErrorCode CodeOf(Action action) => Assert.Throws<PantryException>(action).Code;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
