import { amountText, durationText, type Progress } from '@nodetask/shared';
import { boundedText } from '../../bounded-text.ts';

/** "download 114 MB of 500 MB (22 %), 27 MB/s, 15 s left". */
export const progressText = ({ stage, done, total, unit, percent, ratePerSecond, etaSeconds }: Progress): string => {
  const amount =
    total === undefined ? amountText(done, unit) : `${amountText(done, unit)} of ${amountText(total, unit)}`;
  return boundedText(
    [
      `${stage} ${amount}${percent === undefined ? '' : ` (${Math.floor(percent)} %)`}`,
      ...(ratePerSecond === undefined ? [] : [`${amountText(ratePerSecond, unit)}/s`]),
      ...(etaSeconds === undefined ? [] : [`${durationText(etaSeconds)} left`]),
    ].join(', '),
  );
};
