using System.Security.Cryptography;
using System.Text;
using Pantry.Differences;
using Pantry.Targeting;

namespace Pantry.PowerShell.Results;

/// <summary>Folds results that look the same. Of each group only the first result is held, beside the names of its clients.</summary>
internal sealed class ResultFold
{
    private readonly Dictionary<(CommandStatus, int?, string?, string), Group> _groups = [];

    public void Add(CommandResult result)
    {
        string text = ResultText.Of(result);
        // A reason counts by its name: its words often have a time or a client in them.
        (CommandStatus, int?, string?, string) key = (result.Status, result.ExitCode, result.Error?.Code, Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
        if (!_groups.TryGetValue(key, out Group? group))
            _groups[key] = group = new Group(result, text, _groups.Count);
        group.Clients.Add(result.Client);
    }

    /// <summary>The groups, the largest first.</summary>
    public IEnumerable<ResultGroup> Groups(bool difference)
    {
        Group[] groups = [.. _groups.Values.OrderByDescending(group => group.Clients.Count).ThenBy(group => group.Place)];
        foreach (Group group in groups)
        {
            yield return new ResultGroup
            {
                Count = group.Clients.Count,
                Clients = [.. group.Clients.Order(Names.Comparer)],
                Status = group.Sample.Status,
                ExitCode = group.Sample.ExitCode,
                Output = group.Text,
                Difference = !difference ? null : group == groups[0] ? [] : [.. LineDifference.Between(groups[0].Text, group.Text).Where(line => line.Change != LineChange.Same).Select(line => line.ToString())],
                Sample = group.Sample,
            };
        }
    }

    private sealed class Group(CommandResult sample, string text, int place)
    {
        public CommandResult Sample => sample;

        public string Text => text;

        public int Place => place;

        public List<string> Clients { get; } = [];
    }
}
