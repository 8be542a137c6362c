using System.Buffers;
using System.Globalization;

namespace Pantry.Configuration.Settings;

/// <summary>Lengths of time and numbers of bytes, as people write them.</summary>
internal static class Quantity
{
    // The largest first: what divides evenly is shown in it.
    private static readonly (string Unit, long Factor)[] Times =
        [("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond), ("ms", TimeSpan.TicksPerMillisecond)];

    private static readonly (string Unit, long Factor)[] Sizes =
    [
        ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000), ("B", 1),
    ];

    private static readonly SearchValues<char> OfNumbers = SearchValues.Create("0123456789.");

    public static (bool Sound, TimeSpan Value) ReadTime(string text) => Read(text, Times, TimeSpan.TicksPerSecond) is { } ticks ? (true, new TimeSpan(ticks)) : (false, default);

    public static (bool Sound, long Value) ReadSize(string text) => Read(text, Sizes, 1) is { } bytes ? (true, bytes) : (false, 0);

    public static string ShowTime(TimeSpan time) => Show(time.Ticks, Times, "s");

    public static string ShowSize(long bytes) => Show(bytes, Sizes, "B");

    private static long? Read(string text, (string Unit, long Factor)[] units, long bare)
    {
        string trimmed = text.Trim();
        int digits = trimmed.AsSpan().IndexOfAnyExcept(OfNumbers);
        string unit = digits < 0 ? "" : trimmed[digits..].Trim();
        long factor = unit.Length == 0 ? bare : units.FirstOrDefault(known => string.Equals(known.Unit, unit, StringComparison.OrdinalIgnoreCase)).Factor;
        return factor > 0
            && decimal.TryParse(digits < 0 ? trimmed : trimmed[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
            && number <= long.MaxValue / factor
            ? (long)(number * factor) : null;
    }

    private static string Show(long value, (string Unit, long Factor)[] units, string none)
    {
        if (value == 0)
            return $"0{none}";
        (string unit, long factor) = units.FirstOrDefault(known => value % known.Factor == 0, units[^1]);
        return (value / (decimal)factor).ToString(CultureInfo.InvariantCulture) + unit;
    }
}
