using System.IO.Compression;
using Microsoft.Data.Sqlite;
using Pantry.Provisioning.Reports;

namespace Pantry.Storage;

/// <summary>Reports and baselines as rows of the database. Reports repeat themselves a great deal, so they are compressed.</summary>
internal static class ReportRows
{
    /// <summary>Adds a report, and keeps the client's baseline; nothing happens where it is there already.</summary>
    public static void Add(SqliteConnection connection, ReceivedReports row, int place, ProvisionReport report, DateTimeOffset now)
    {
        byte[] key = row.Key.Bytes.ToArray(), text = Compressed(ReportIntake.ToBytes(report));
        bool? drift = DriftRule.Of(report, IsBaseline(connection, row.Client, key, place, report));
        if (connection.Run("""
            INSERT INTO reports (client, key, job, place, package, version, status, drift, received_at, size)
            VALUES ($client, $key, $job, $place, $package, $version, $status, $drift, $received_at, $size)
            ON CONFLICT (job, client, place) DO NOTHING
            """,
            ("$client", row.Client), ("$key", key), ("$job", row.Job), ("$place", place), ("$package", report.Package), ("$version", report.Version),
            ("$status", report.Status.ToString()), ("$drift", drift is { } known ? (known ? 1 : 0) : null), ("$received_at", now), ("$size", text.Length)) == 0)
        {
            return;
        }

        connection.Run("INSERT INTO report_texts (number, report) VALUES (last_insert_rowid(), $report)", ("$report", text));
        if (DriftRule.IsApplied(report))
            MoveBaseline(connection, row.Client, key, place, report);
    }

    /// <summary>Puts a report in the place of one that says that the run was lost; false where it does not say so any more.</summary>
    public static bool TryReplace(SqliteConnection connection, long number, ReceivedReports row, int place, ProvisionReport report, DateTimeOffset now)
    {
        byte[] text = Compressed(ReportIntake.ToBytes(report));
        if (connection.Run(
            "UPDATE reports SET version = $version, status = $status, received_at = $received_at, size = $size WHERE number = $number AND status = $lost",
            ("$version", report.Version), ("$status", report.Status.ToString()), ("$received_at", now), ("$size", text.Length), ("$number", number),
            ("$lost", nameof(ProvisionStatus.Lost))) == 0)
        {
            return false;
        }

        connection.Run("UPDATE report_texts SET report = $report WHERE number = $number", ("$number", number), ("$report", text));
        // Of whichever packages: a later run that was lost has taken what was known of all.
        bool newest = connection.Ask("SELECT 1 FROM reports WHERE client = $client AND number > $number AND job <> $job", ("$client", row.Client), ("$number", number), ("$job", row.Job)) is null;
        if (newest && DriftRule.IsApplied(report))
            MoveBaseline(connection, row.Client, row.Key.Bytes.ToArray(), place, report);
        return true;
    }

    /// <summary>What had been applied to the client counts no more: nobody can tell what of it a run without reports has changed.</summary>
    public static void ForgetBaselines(SqliteConnection connection, ReceivedReports row) => connection.Run(
        "DELETE FROM baselines WHERE client = $client AND key = $key", ("$client", row.Client), ("$key", row.Key.Bytes.ToArray()));

    public static StoredReport ReadHead(SqliteDataReader reader) => new(
        reader.GetInt64(reader.GetOrdinal("number")), reader.Text("client"), reader.Bytes("key"), reader.Text("job"), reader.Text("package"), reader.Text("version"),
        Enum.Parse<ProvisionStatus>(reader.Text("status")), reader["drift"] is long drift ? drift != 0 : null, reader.Time("received_at"));

    public static ProvisionReport ReadText(SqliteDataReader reader) => ReportIntake.FromBytes(Plain(reader.Bytes("report")));

    /// <summary>The plan of a report; none where it is damaged.</summary>
    public static string? ReadPlan(SqliteDataReader reader)
    {
        try
        {
            return ReadText(reader).Plan;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static bool IsBaseline(SqliteConnection connection, string client, byte[] key, int place, ProvisionReport report) => report.Plan is not null && connection.Ask("""
        SELECT 1 FROM baselines WHERE client = $client AND package = $package AND place = $place AND key = $key AND version = $version AND kind = $kind AND plan = $plan
        """,
        ("$client", client), ("$package", report.Package), ("$place", place), ("$key", key), ("$version", report.Version), ("$kind", report.Kind), ("$plan", report.Plan)) is not null;

    // Another plan was applied, by halves even: what was before it stands no more.
    private static void MoveBaseline(SqliteConnection connection, string client, byte[] key, int place, ProvisionReport report)
    {
        connection.Run("DELETE FROM baselines WHERE client = $client AND package = $package AND (key <> $key OR version <> $version OR plan IS NOT $plan)",
            ("$client", client), ("$package", report.Package), ("$key", key), ("$version", report.Version), ("$plan", report.Plan));
        if (report.Plan is null || !DriftRule.Succeeded(report))
            return;
        connection.Run("""
            INSERT INTO baselines (client, package, place, key, version, kind, plan) VALUES ($client, $package, $place, $key, $version, $kind, $plan)
            ON CONFLICT (client, package, place) DO UPDATE SET kind = excluded.kind
            """,
            ("$client", client), ("$package", report.Package), ("$place", place), ("$key", key), ("$version", report.Version), ("$kind", report.Kind), ("$plan", report.Plan));
    }

    private static byte[] Compressed(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var brotli = new BrotliStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
            brotli.Write(bytes);
        return compressed.ToArray();
    }

    private static byte[] Plain(byte[] compressed)
    {
        using var plain = new MemoryStream();
        try
        {
            using var brotli = new BrotliStream(new MemoryStream(compressed, writable: false), CompressionMode.Decompress);
            brotli.CopyTo(plain);
        }
        catch (InvalidOperationException damaged)
        {
            throw new FormatException(damaged.Message, damaged);
        }

        return plain.ToArray();
    }
}
