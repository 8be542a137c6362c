using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Server.Files;
using Pantry.Storage;

namespace Pantry.Server;

/// <summary>What a server keeps in its root directory: its keys, whom it trusts, who may give orders, the audit log, jobs, files, packages and applications.</summary>
internal sealed class ServerState : IAsyncDisposable
{
    private readonly ServerDatabase _database;

    private ServerState(ServerDatabase database, ServerKeys keys, FileVault files, StorageLimits limits, TimeProvider time)
    {
        _database = database;
        Keys = keys;
        Files = files;
        Trust = new TrustStore(database);
        Authority = Authority.Open(new BundleStore(database), keys, database.Network, time);
        AuditLog = AuditLog.Open(database, limits, time);
        Jobs = JobStore.Open(database, limits, time);
        Provisioning = ProvisioningDatabase.Open(database);
        files.Keep(() => Provisioning.Packages.Digests.Select(digest => ContentHash.TryParse(digest, out ContentHash tree) ? tree : default));
        Audit = new ServerAudit(AuditLog, key => Trust.Find(key)?.Status == KeyStatus.Approved || Authority.FindBySessionKey(key) is not null);
    }

    public ServerKeys Keys { get; }

    public TrustStore Trust { get; }

    public Authority Authority { get; }

    public AuditLog AuditLog { get; }

    public JobStore Jobs { get; }

    public ProvisioningDatabase Provisioning { get; }

    public ServerAudit Audit { get; }

    public FileVault Files { get; }

    /// <summary>Opens what is there; makes what is missing.</summary>
    /// <exception cref="PantryException">Another server uses the directory, or something in it is not as it must be.</exception>
    public static ServerState Open(string root, StorageLimits limits, FileLimits files, TimeProvider time, ILogger log)
    {
        RootDirectory.Prepare(root);
        var database = ServerDatabase.Open(root);
        ServerKeys? keys = null;
        try
        {
            keys = ServerKeys.Load(root, new BundleStore(database).Latest() is not null);
            return new ServerState(database, keys, FileVault.Open(Path.Combine(root, "files"), files, time, log), limits, time);
        }
        catch
        {
            keys?.Dispose();
            database.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Jobs.DisposeAsync().ConfigureAwait(false);
        await AuditLog.DisposeAsync().ConfigureAwait(false);
        Provisioning.Dispose();
        Trust.Dispose();
        Authority.Dispose();
        Keys.Dispose();
        _database.Dispose();
    }
}
