namespace Pantry.Storage;

/// <summary>
/// Packages, applications and reports, in <c>provisioning.db</c> beside the server's other databases: a backup of it, with the content
/// beside it, is all that provisioning needs.
/// </summary>
internal sealed class ProvisioningDatabase : IDisposable
{
    public const string FileName = "provisioning.db";

    private readonly SqliteFile _file;

    private ProvisioningDatabase(SqliteFile file)
    {
        _file = file;
        Packages = new PackageStore(file);
        Applications = new ApplicationStore(file);
        Pins = new PinStore(file);
        Reports = new ReportStore(file);
    }

    public PackageStore Packages { get; }

    public ApplicationStore Applications { get; }

    /// <summary>The plans that jobs were signed for.</summary>
    public PinStore Pins { get; }

    public ReportStore Reports { get; }

    /// <exception cref="PantryException">The file is unfit for use.</exception>
    public static ProvisioningDatabase Open(ServerDatabase database)
    {
        SqliteFile file = SqliteFile.Open(Path.Combine(database.RootDirectory, FileName), ProvisioningSchema.Migrations);
        try
        {
            return new ProvisioningDatabase(file);
        }
        catch (PantryException)
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();
}
