namespace Pantry.Daemon.Views;

/// <summary>A table of text, each column as wide as it must be.</summary>
internal sealed class TextTable(params string[] head)
{
    private const int WidestCell = 60;

    private readonly List<string[]> _rows = [head];

    public void Add(params string?[] cells) => _rows.Add([.. cells.Select(cell => DisplayText.FirstLine(cell, WidestCell))]);

    /// <summary>Writes it; one without rows is not written.</summary>
    public void Write(Terminal terminal)
    {
        if (_rows.Count == 1)
            return;
        int[] widths = [.. head.Select((_, column) => _rows.Max(row => row[column].Length))];
        foreach (string[] row in _rows)
            terminal.Write(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }

    /// <summary>Writes names and values, one a line; those without a value are left out.</summary>
    public static void WriteList(Terminal terminal, IReadOnlyList<(string Name, string? Value)> rows)
    {
        int width = rows.Max(row => row.Name.Length);
        foreach ((string name, string? value) in rows.Where(row => !string.IsNullOrEmpty(row.Value)))
            terminal.Write($"{name.PadRight(width)} : {DisplayText.FirstLine(value)}");
    }
}
