using System.Globalization;
using System.Text.Json;
using Pantry.Configuration;
using Pantry.Protocol;

namespace Pantry.Storage;

/// <summary>What came of provisioning, kept longer than the jobs it came with.</summary>
internal sealed class ReportStore(SqliteFile file)
{
    /// <summary>Adds the reports of rows; those that are there already are left as they are.</summary>
    /// <exception cref="PantryException">The disk failed; none of them was written.</exception>
    public void Add(IReadOnlyList<ReceivedReports> rows, DateTimeOffset now) => file.Write(connection =>
    {
        foreach (ReceivedReports row in rows)
        {
            for (int place = 0; place < row.Reports.Count; place++)
                ReportRows.Add(connection, row, place, row.Reports[place], now);
        }
    });

    /// <summary>What is known of reports, the newest first.</summary>
    /// <param name="clients">Whose; null for everybody's.</param>
    public IEnumerable<StoredReport> Heads(IReadOnlyCollection<string>? clients) => clients is null
        ? file.Read("SELECT * FROM reports ORDER BY number DESC", ReportRows.ReadHead)
        : file.Read("SELECT * FROM reports WHERE client IN (SELECT value FROM json_each($clients)) ORDER BY number DESC", ReportRows.ReadHead,
            ("$clients", JsonSerializer.Serialize([.. clients], WireJson.Default.StringArray)));

    /// <summary>Some reports by their numbers; one that was removed meanwhile is missing.</summary>
    public IReadOnlyDictionary<long, ProvisionReport> Texts(IEnumerable<long> numbers) => file.Read(
        $"SELECT number, report FROM report_texts WHERE number IN ({string.Join(',', numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)))})",
        reader => KeyValuePair.Create(reader.GetInt64(0), ReportRows.ReadText(reader))).ToDictionary();

    /// <summary>Removes reports that are too old, too many of a client and package, or too large together: the oldest first, some in each transaction.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="PantryException">The disk failed.</exception>
    public int Prune(ProvisioningLimits limits, DateTimeOffset now)
    {
        int removed = Remove("SELECT number FROM reports WHERE received_at < $before ORDER BY received_at LIMIT $most", limits, ("$before", now - limits.ReportKeep));
        List<(string Client, string Package)> crowded =
        [
            .. file.Read("SELECT client, package FROM reports GROUP BY client, package HAVING count(*) > $each", reader => (reader.GetString(0), reader.GetString(1)), ("$each", limits.ReportsOfEach)),
        ];
        foreach ((string client, string package) in crowded)
        {
            removed += Remove("""
                SELECT number FROM reports WHERE client = $client AND package = $package AND number <=
                    (SELECT number FROM reports WHERE client = $client AND package = $package ORDER BY number DESC LIMIT 1 OFFSET $each)
                ORDER BY number LIMIT $most
                """, limits, ("$client", client), ("$package", package), ("$each", limits.ReportsOfEach));
        }

        removed += RemoveBeyond(limits);
        if (removed > 0)
            file.Write(connection => connection.Run("DELETE FROM baselines AS b WHERE NOT EXISTS (SELECT 1 FROM reports WHERE client = b.client AND package = b.package)"));
        return removed;
    }

    // The oldest, until the rest is small enough.
    private int RemoveBeyond(ProvisioningLimits limits)
    {
        long beyond = file.Read("SELECT coalesce(sum(size), 0) FROM reports", reader => reader.GetInt64(0)).First() - limits.AllReportsBytes;
        var oldest = new List<long>();
        if (beyond > 0)
        {
            foreach ((long number, long size) in file.Read("SELECT number, size FROM reports ORDER BY received_at", reader => (reader.GetInt64(0), reader.GetInt64(1))))
            {
                oldest.Add(number);
                beyond -= size;
                if (beyond <= 0)
                    break;
            }
        }

        foreach (long[] some in oldest.Chunk(limits.ReportPruneBatch))
        {
            file.Write(connection =>
            {
                foreach (long number in some)
                    connection.Run("DELETE FROM reports WHERE number = $number", ("$number", number));
            });
        }

        return oldest.Count;
    }

    private int Remove(string which, ProvisioningLimits limits, params (string Name, object? Value)[] parameters)
    {
        int removed = 0, now;
        do
        {
            now = file.Write(connection => connection.Run($"DELETE FROM reports WHERE number IN ({which})", [.. parameters, ("$most", limits.ReportPruneBatch)]));
            removed += now;
        }
        while (now == limits.ReportPruneBatch);
        return removed;
    }
}
