using System.Globalization;
using System.Management.Automation;

namespace Pantry.PowerShell;

/// <summary>
/// Lets a TimeSpan parameter take plain numbers as seconds, which PowerShell itself would read as ticks, and refuses what is no
/// time to wait for. PowerShell's error names the parameter.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SecondsAttribute : ArgumentTransformationAttribute
{
    private const double MostDays = 3650;

    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        double? seconds = value switch
        {
            TimeSpan span => span.TotalSeconds,
            string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => number,
            string text => TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan span) ? span.TotalSeconds : null,
            byte or sbyte or short or ushort or int or uint or long or ulong or float or double or decimal => Convert.ToDouble(value, CultureInfo.InvariantCulture),
            _ => null,
        };
        if (seconds is not { } given)
            return inputData;
        return given > 0 && given <= TimeSpan.FromDays(MostDays).TotalSeconds
            ? value is TimeSpan exact ? exact : TimeSpan.FromSeconds(given)
            : throw new ArgumentTransformationMetadataException(string.Create(CultureInfo.InvariantCulture,
                $"{given} seconds is no time that can be given: it must be above 0 and at most {MostDays} days. Give a number of seconds, or a TimeSpan."));
    }
}
