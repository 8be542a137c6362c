namespace Pantry.Provisioning.Applications;

/// <summary>Parameters whose names differ only in upper and lower case: two to most tools, and one to PowerShell, which then takes neither.</summary>
internal static class ParameterTwins
{
    /// <summary>The pairs of a document, in whichever layers they are, with the names of the maps that they are in.</summary>
    public static IReadOnlyList<(string Name, string Other)> In(ApplicationDocument document)
    {
        var twins = new List<(string Name, string Other)>();
        var seen = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (ApplicationLayer layer in document.Layers)
            Find(layer.Parameters, "", seen, twins);
        return [.. twins.Distinct()];
    }

    private static void Find(ParameterValue value, string name, Dictionary<string, string> seen, List<(string Name, string Other)> twins)
    {
        switch (value)
        {
            case ParameterMap map:
                foreach ((string key, ParameterValue item) in map.Entries)
                {
                    string path = name.Length == 0 ? key : $"{name}.{key}";
                    // Below twins everything has one, which says nothing new.
                    if (seen.TryAdd(path, path) || seen[path] == path)
                        Find(item, path, seen, twins);
                    else
                        twins.Add((seen[path], path));
                }

                break;
            case ParameterList list:
                for (int i = 0; i < list.Items.Count; i++)
                    Find(list.Items[i], $"{name}[{i}]", seen, twins);
                break;
        }
    }
}
