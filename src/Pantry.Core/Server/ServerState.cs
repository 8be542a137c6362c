using Pantry.Files;
using Pantry.Storage;

namespace Pantry.Server;

/// <summary>What a server keeps in its root directory: its keys, whom it trusts, who may give orders, the audit log, jobs, packages and applications.</summary>
internal sealed class ServerState : IAsyncDisposable
{
    private readonly ServerDatabase _database;

    private ServerState(ServerDatabase database, ServerKeys keys, StorageLimits limits, TimeProvider time)
    {
        _database = database;
        Keys = keys;
        Trust = new TrustStore(database);
        Authority = Authority.Open(new BundleStore(database), keys, database.Network, time);
        AuditLog = AuditLog.Open(database, limits, time);
        Jobs = JobStore.Open(database, limits, time);
        Content = ChunkStore.Open(Path.Combine(database.RootDirectory, "content"), time);
        Provisioning = ProvisioningDatabase.Open(database);
        Audit = new ServerAudit(AuditLog, key => Trust.Find(key)?.Status == KeyStatus.Approved || Authority.FindBySessionKey(key) is not null);
    }

    public ServerKeys Keys { get; }

    public TrustStore Trust { get; }

    public Authority Authority { get; }

    public AuditLog AuditLog { get; }

    public JobStore Jobs { get; }

    /// <summary>Files of packages, by their hashes.</summary>
    public ChunkStore Content { get; }

    public ProvisioningDatabase Provisioning { get; }

    public ServerAudit Audit { get; }

    /// <summary>Opens what is there; makes what is missing.</summary>
    /// <exception cref="PantryException">Another server uses the directory, or something in it is not as it must be.</exception>
    public static ServerState Open(string root, StorageLimits limits, TimeProvider time)
    {
        RootDirectory.Prepare(root);
        var database = ServerDatabase.Open(root);
        ServerKeys? keys = null;
        try
        {
            keys = ServerKeys.Load(root, new BundleStore(database).Latest() is not null);
            return new ServerState(database, keys, limits, time);
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
