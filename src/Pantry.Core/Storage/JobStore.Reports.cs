using Pantry.Protocol;
using Pantry.Security;

namespace Pantry.Storage;

/// <summary>
/// Rows whose provisioning reports have not been taken yet. They are due from the moment the row is written, in the same transaction, so that
/// no end of the process comes between.
/// </summary>
internal sealed partial class JobStore
{
    /// <summary>Some of the rows whose reports are due, in the order in which they came.</summary>
    /// <param name="most">How many at most, and of how many bytes together; one at least.</param>
    public IReadOnlyList<DueReports> ReportsDue((int Rows, long Bytes) most)
    {
        var due = new List<DueReports>();
        long bytes = 0;
        foreach (DueReports one in _file.Read("""
            SELECT d.job, d.row, d.key, d.dry_run, j.id, r.client, r.result, r.output FROM reports_due d
            JOIN jobs j ON j.number = d.job JOIN rows r ON r.job = d.job AND r.number = d.row
            ORDER BY d.arrival
            """, reader => new DueReports(
                (reader.GetInt64(0), reader.GetInt64(1)), PublicKey.FromBytes(reader.Bytes("key")), reader.Text("id"), reader.Text("client"),
                reader.GetInt64(reader.GetOrdinal("dry_run")) != 0, JobRows.ReadResult(reader),
                ByteLists.ToLists(reader.Bytes("output")) is { Count: > Result.OutputBody } bodies ? bodies[Result.OutputBody] : [])))
        {
            due.Add(one);
            bytes += one.Output.Length;
            if (due.Count >= most.Rows || bytes >= most.Bytes)
                break;
        }

        return due;
    }

    /// <summary>Whether a client has a row of a job to provision, and it is not its own word.</summary>
    /// <exception cref="PantryException">The disk failed.</exception>
    public bool EndedWithout(string client, string job) => _file.Read(
        "SELECT r.number, r.client, r.canary, r.round_trip, r.result FROM rows r JOIN jobs j ON j.number = r.job WHERE j.id = $job AND r.client = $client AND j.command = $command COLLATE NOCASE",
        JobRows.ReadHead, ("$job", job), ("$client", client), ("$command", ProvisionOrders.CommandName)).Any(row => row.IsServersWord);

    /// <summary>Their reports are on the disk.</summary>
    /// <exception cref="PantryException">The disk failed.</exception>
    public void ReportsTaken(IReadOnlyList<DueReports> rows) => _file.WriteUnsynced(connection =>
    {
        foreach (DueReports row in rows)
            connection.Run("DELETE FROM reports_due WHERE job = $job AND row = $row", ("$job", row.Place.Job), ("$row", row.Place.Row));
    });
}

/// <summary>A row whose reports are to be taken.</summary>
/// <param name="Place">Where the row is.</param>
/// <param name="Key">The client's key.</param>
/// <param name="Job">Id of the job.</param>
/// <param name="Client">Whose row it is.</param>
/// <param name="DryRun">Whether the order was a dry run.</param>
/// <param name="Result">How it ended.</param>
/// <param name="Output">What the command returned, as JSON.</param>
internal sealed record DueReports((long Job, long Row) Place, PublicKey Key, string Job, string Client, bool DryRun, Result Result, byte[] Output);
