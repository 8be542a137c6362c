using System.Globalization;

namespace Pantry.Bench.Fleet;

/// <summary>Options of the form <c>--name value</c>.</summary>
internal static class Options
{
    public static int Number(string[] args, string name, int otherwise)
    {
        int at = Array.IndexOf(args, name);
        return at < 0 ? otherwise
            : at + 1 < args.Length && int.TryParse(args[at + 1], CultureInfo.InvariantCulture, out int number) && number > 0 ? number
            : throw new ArgumentException($"{name} needs a number above 0.");
    }
}
