using System.Globalization;

namespace Pantry.Protocol;

/// <summary>A number of targets, or a percentage of them.</summary>
/// <param name="Value">The number, or the percentage.</param>
/// <param name="IsPercent">Which of them.</param>
internal sealed record Share(int Value, bool IsPercent = false)
{
    /// <summary>Reads <c>10</c> or <c>10%</c>; null where the text is neither.</summary>
    public static Share? TryParse(string text)
    {
        text = text.Trim();
        bool percent = text.EndsWith('%');
        return int.TryParse(percent ? text[..^1].TrimEnd() : text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && (!percent || value <= 100)
            ? new Share(value, percent)
            : null;
    }

    /// <summary>How many that is of so many targets: of a percentage the next whole number, and one at least.</summary>
    public int Of(int targets) => IsPercent ? Math.Max(1, (int)Math.Ceiling(targets * (double)Value / 100)) : Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture) + (IsPercent ? "%" : "");
}
